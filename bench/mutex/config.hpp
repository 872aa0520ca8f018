#pragma once
// Lock and unlock: one task alone; eight that want it all the time, each until it has had it so often.
#include <cstdint>

#include "bench/support/harness.hpp"

namespace bench::mutex {

inline constexpr std::uint64_t tasks = 8;
inline constexpr std::uint64_t each = 10'000;

template <class Mutex> void measure_alone(State& state, Mutex& m) {
  std::uint64_t held = 0;
  for (auto _ : state) {
    m.lock();
    ++held;
    benchmark::DoNotOptimize(held);
    m.unlock();
  }
  verify(state, held == static_cast<std::uint64_t>(state.iterations()));
  per_item(state, 1);
}

// The body of each of the eight.
template <class Mutex> void lock_often(Mutex& m, std::uint64_t& held) {
  for (std::uint64_t i = 0; i != each; ++i) {
    m.lock();
    ++held;
    benchmark::DoNotOptimize(held);
    m.unlock();
  }
}

// run_all(held) runs eight tasks that call lock_often(m, held), and joins them.
template <class RunAll> void measure_contended(State& state, RunAll run_all) {
  for (auto _ : state) {
    std::uint64_t held = 0;
    run_all(held);
    if (!verify(state, held == tasks * each)) break;
  }
  per_item(state, tasks * each);
}

}  // namespace bench::mutex
