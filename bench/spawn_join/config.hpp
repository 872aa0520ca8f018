#pragma once
// Start a task that does nothing and join it; start 1000 and join them all.
// "Nothing" is one store into a slot of its own, so that a join that returns too early shows.
#include <algorithm>
#include <array>
#include <cstdint>

#include "bench/support/harness.hpp"

namespace bench::spawn_join {

inline constexpr std::size_t many = 1000;
inline std::array<std::uint32_t, many> slots;

// join_one(stamp) starts one task, which stores stamp in slots[0], and joins it.
template <class JoinOne> void measure_one(State& state, JoinOne join_one) {
  std::uint32_t stamp = 0;
  for (auto _ : state) {
    join_one(++stamp);
    if (slots[0] != stamp) [[unlikely]] {
      verify(state, false);
      break;
    }
  }
  per_item(state, 1);
}

// join_many(stamp) starts one task per slot, which stores stamp in it, and joins them all.
template <class JoinMany> void measure_many(State& state, JoinMany join_many) {
  std::uint32_t stamp = 0;
  for (auto _ : state) {
    join_many(++stamp);
    if (!verify(state, std::ranges::all_of(slots, [&](auto slot) { return slot == stamp; }))) break;
  }
  per_item(state, many);
}

}  // namespace bench::spawn_join
