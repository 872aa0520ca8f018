#pragma once
// 100,000 tasks, or a million, that each sleep once, for 0 to 1 s: what timers cost in CPU time, and how late they are.
#include <atomic>
#include <chrono>
#include <cstdint>

#include "bench/support/harness.hpp"
#include "bench/support/process.hpp"

namespace bench::sleepers {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

inline constexpr int many = 100'000;
inline constexpr int million = 1'000'000;  // distinct lengths; their stacks take 5 GB when all are asleep

// Spread evenly over 0..1 s in an order that is shuffled but always the same (a step prime to the number of
// steps).
inline clock::duration length(int i) {
  return std::chrono::microseconds{i * std::int64_t{7'654'321} % 1'000'000};
}

class log {
 public:
  explicit log(int count) : count_{count} {}

  int count() const { return count_; }
  template <class Sleep> void sleep(int i, Sleep sleep_for) {
    auto const due = clock::now() + length(i);
    sleep_for(length(i));
    auto const late = (clock::now() - due).count();
    if (late < 0) early_.fetch_add(1, std::memory_order_relaxed);
    auto latest = latest_.load(std::memory_order_relaxed);
    while (late > latest && !latest_.compare_exchange_weak(latest, late, std::memory_order_relaxed)) {
    }
    ended_.fetch_add(1, std::memory_order_relaxed);
  }
  bool right() const { return ended_ == count_ && early_ == 0; }
  double latest_ms() const {
    return std::chrono::duration<double, std::milli>{clock::duration{latest_}}.count();
  }

 private:
  int const count_;
  std::atomic<int> ended_{0}, early_{0};
  std::atomic<clock::rep> latest_{0};
};

// run_all(log) starts the sleepers and joins them.
template <class RunAll> void measure(State& state, int count, RunAll run_all) {
  if (proc_bytes("/proc/meminfo", "MemAvailable:") < count * 10'000.0) {
    state.SkipWithError("too little free memory");
    return;
  }
  for (auto _ : state) {
    log all{count};
    auto const cpu = cpu_seconds();
    auto const begin = clock::now();
    run_all(all);
    state.counters["over_1s_ms"] =
        std::chrono::duration<double, std::milli>(clock::now() - begin - 1s).count();
    state.counters["cpu_ms"] = (cpu_seconds() - cpu) * 1e3;
    state.counters["latest_ms"] = all.latest_ms();
    if (!verify(state, all.right())) break;
  }
}

}  // namespace bench::sleepers
