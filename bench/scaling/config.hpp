#pragma once
// What more workers than CPUs cost: a tree of tiny tasks, and pairs that wake each other. Throughput should stay as it is.
#include <cstdint>

#include "bench/fib/config.hpp"
#include "bench/support/harness.hpp"

namespace bench::scaling {

inline constexpr int tree = 27;  // fib's: 317,810 spawns
inline constexpr int pairs = 64;
inline constexpr std::uint64_t rounds = 5000;  // of each pair

inline void two_to_many_workers(benchmark::internal::Benchmark* row) {
  row->Apply(timing);
  row->ArgName("workers")->RangeMultiplier(2)->Range(2, 64);
}

// fib(n) of a library.
template <class Fib> void measure_tree(State& state, Fib f) {
  for (auto _ : state) {
    if (!verify(state, f(tree) == fib::value(tree))) break;
  }
  per_item(state, fib::spawns(tree));
}

}  // namespace bench::scaling
