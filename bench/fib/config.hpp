#pragma once
// fib by naive recursion, one task per inner call: nothing but the cost of starting and joining tasks.
#include "bench/support/harness.hpp"

#include <cstdint>

namespace bench::fib {

inline constexpr int large = 30;  // 1.3 million spawns
inline constexpr int small = 18;  // 4180: what libraries that start children in order of spawning can bear

constexpr std::uint64_t value(int n) {
  std::uint64_t a = 0, b = 1;
  for (; n > 0; --n) {
    std::uint64_t const next = a + b;
    a = b;
    b = next;
  }
  return a;
}

// One spawn per call with n >= 2: the other child is a plain call.
constexpr std::uint64_t spawns(int n) { return value(n + 1) - 1; }

template <class Fib> void measure(State& state, Fib fib) {
  int n = static_cast<int>(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(n);
    if (!verify(state, fib(n) == value(n))) break;
  }
  per_item(state, spawns(n));
}

inline void sized(benchmark::internal::Benchmark* row, int n) {
  row->Apply(timing);
  row->ArgNames({"n", "workers"})->Args({n, 1})->Args({n, 2});
}
inline void large_and_small(benchmark::internal::Benchmark* row) {
  sized(row, large);
  row->Args({small, 1})->Args({small, 2});
}
inline void large_only(benchmark::internal::Benchmark* row) { sized(row, large); }
inline void small_only(benchmark::internal::Benchmark* row) { sized(row, small); }

}  // namespace bench::fib
