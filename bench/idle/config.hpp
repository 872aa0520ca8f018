#pragma once
// 10,000 tasks wait and nothing happens: CPU time and context switches over 2 s.
#include <atomic>
#include <chrono>
#include <thread>

#include "bench/support/harness.hpp"
#include "bench/support/process.hpp"

namespace bench::idle {

using namespace std::chrono_literals;

inline constexpr int count = 10'000;

// From a plain thread, once `waiting` tasks have said that they are about to wait. The pause lets the last of
// them get there and whatever winds down after work do so: it is part of what is measured, not a
// synchronisation.
inline void measure(State& state, std::atomic<int> const& waiting) {
  while (waiting < count) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(300ms);
  auto const cpu = cpu_seconds();
  auto const switches = context_switches_of_others();
  std::this_thread::sleep_for(2s);
  state.counters["switches_per_s"] = (context_switches_of_others() - switches) / 2;
  state.counters["cpu_ms"] = (cpu_seconds() - cpu) * 1e3;
}

}  // namespace bench::idle
