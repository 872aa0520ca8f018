#pragma once
// 100,000 tasks that each sleep once, for 0 to 1 s: what timers cost in CPU time, and how late they are.
#include <atomic>
#include <chrono>
#include <cstdint>

#include "bench/support/harness.hpp"
#include "bench/support/process.hpp"

namespace bench::sleepers {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

inline constexpr int count = 100'000;

// Spread evenly over 0..1 s in an order that is shuffled but always the same (a step prime to the number of
// steps).
inline clock::duration length(int i) {
  return std::chrono::microseconds{i * std::int64_t{7'654'321} % 1'000'000};
}

class log {
 public:
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
  bool right() const { return ended_ == count && early_ == 0; }
  double latest_ms() const {
    return std::chrono::duration<double, std::milli>{clock::duration{latest_}}.count();
  }

 private:
  std::atomic<int> ended_{0}, early_{0};
  std::atomic<clock::rep> latest_{0};
};

// run_all(log) starts the sleepers and joins them.
template <class RunAll> void measure(State& state, RunAll run_all) {
  for (auto _ : state) {
    log all;
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
