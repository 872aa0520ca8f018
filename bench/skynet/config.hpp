#pragma once
// A tree of tasks, ten children to each: every leaf gives its number, every inner task the sum of what its children give.
// All ten children are tasks, also the one that a program in earnest would call itself.
#include <cstdint>

#include "bench/support/harness.hpp"
#include "bench/support/per_run.hpp"

namespace bench::skynet {

inline constexpr std::uint64_t fan_out = 10;
inline constexpr std::uint64_t large = 1'000'000;  // leaves; 1,111,110 tasks below the root
inline constexpr std::uint64_t small = 10'000;     // for libraries that start children in order of spawning: all stacks at once

// The leaves below one inner task: `leaves` of them, numbered from `first` on.
struct subtree {
  std::uint64_t first;
  std::uint64_t leaves;

  constexpr bool leaf() const { return leaves == 1; }
  constexpr subtree child(std::uint64_t i) const { return {first + i * (leaves / fan_out), leaves / fan_out}; }
};

// sum(subtree) is the library's answer. Each: one leaf, as the inner tasks are a constant part of all.
template <class Sum> void measure(State& state, Sum sum) {
  auto const leaves = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    if (!verify(state, sum(subtree{0, leaves}) == leaves * (leaves - 1) / 2)) break;
  }
  per_item(state, leaves);
  per_run(state);
}

inline void sized(benchmark::internal::Benchmark* row, std::int64_t leaves) {
  row->Apply(timing);
  row->ArgNames({"leaves", "workers"})->Args({leaves, 1})->Args({leaves, 2});
}
inline void large_only(benchmark::internal::Benchmark* row) { sized(row, large); }
inline void small_only(benchmark::internal::Benchmark* row) { sized(row, small); }
inline void large_and_small(benchmark::internal::Benchmark* row) {
  sized(row, large);
  row->Args({small, 1})->Args({small, 2});
}

}  // namespace bench::skynet
