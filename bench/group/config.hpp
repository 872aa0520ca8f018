#pragma once
// A scope of 1000 children that each store a word; with_failure: one of them fails, and the scope says so.
#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

#include "bench/support/harness.hpp"

namespace bench::group {

inline constexpr std::size_t many = 1000;
inline std::array<std::uint32_t, many> slots;

// run_scope(stamp) runs the children and waits for them.
template <class RunScope> void measure(State& state, RunScope run_scope) {
  std::uint32_t stamp = 0;
  for (auto _ : state) {
    run_scope(++stamp);
    if (!verify(state, std::ranges::all_of(slots, [&](auto slot) { return slot == stamp; }))) break;
  }
  per_item(state, many);
}

// run_scope(stamp) says whether the failure of the last child came out.
template <class RunScope> void measure_failing(State& state, RunScope run_scope) {
  std::uint32_t stamp = 0;
  for (auto _ : state) {
    if (!verify(state, run_scope(++stamp))) break;
  }
  per_item(state, many);
}

inline void child(std::size_t i, std::uint32_t stamp) { slots[i] = stamp; }
inline void failing_child(std::size_t i, std::uint32_t stamp) {
  child(i, stamp);
  if (i == many - 1) throw std::runtime_error("the last one fails");
}

}  // namespace bench::group
