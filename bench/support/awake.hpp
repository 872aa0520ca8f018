#pragma once
// Keeps the CPUs from halting, so that what is measured is the program and not the host: a virtual CPU that has halted runs again only when
// its host finds a CPU for it. Measured: up to a third of the time lost that way while two thirds were idle, and under 1 % like this.
#include <sched.h>
#include <sys/prctl.h>

#include <chrono>
#include <thread>
#include <vector>

#include "bench/support/burn.hpp"

namespace bench {

// As long as it lives, a thread of the lowest priority is busy on each CPU; whatever else becomes ready there takes its place at once.
class awake {
 public:
  awake() {
    cpu_set_t mine;
    if (sched_getaffinity(0, sizeof mine, &mine) != 0) return;
    for (int cpu = 0; cpu != CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &mine)) threads_.emplace_back([cpu](std::stop_token const& stop) { keep_busy(stop, cpu); });
    }
  }

 private:
  // With pauses so short that a host polls through them: a CPU that becomes idle is what makes the kernel look for threads that wait behind others.
  static constexpr std::chrono::microseconds busy{30}, idle{20};

  static void keep_busy(std::stop_token const& stop, int cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_param const none{};
    if (sched_setaffinity(0, sizeof one, &one) != 0 || sched_setscheduler(0, SCHED_IDLE, &none) != 0) return;
    prctl(PR_SET_TIMERSLACK, 1);  // nanosecond: it would sleep for 50 us more
    while (!stop.stop_requested()) {
      burn(busy);
      std::this_thread::sleep_for(idle);
    }
  }

  std::vector<std::jthread> threads_;
};

}  // namespace bench
