#pragma once
// How much of the machine somebody else had: other processes, or the host that runs this machine beside others.
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace bench {

class others {
 public:
  // In percent of all CPUs since construction, when what is measured has had `own` seconds of CPU time. By ticks of 10 ms.
  [[nodiscard]] double percent(double own) const {
    auto const all = now();
    auto const total = all.total - begin_.total, busy = all.busy - begin_.busy;
    return total > 0 ? std::max(0.0, (busy - own) / total * 100) : 0;
  }

 private:
  struct times {
    double busy = 0, total = 0;  // seconds, of all CPUs together
  };

  // user nice system idle iowait irq softirq steal
  static times now() {
    std::ifstream stat("/proc/stat");
    std::string cpu;
    stat >> cpu;
    times t;
    double ticks = 0;
    for (int field = 0; field != 8 && stat >> ticks; ++field) {
      t.total += ticks;
      if (field != 3 && field != 4) t.busy += ticks;
    }
    auto const per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    return {t.busy / per_second, t.total / per_second};
  }

  times const begin_ = now();
};

}  // namespace bench
