#pragma once
// A time-out of a second around what is ready, and around what suspends once and is woken at once. It never passes.
#include <chrono>
#include <cstdint>

#include "bench/support/harness.hpp"

namespace bench::timeout {

inline constexpr auto limit = std::chrono::seconds(1);

// guarded(x) gives x back out of a time-out.
template <class Guarded> void measure(State& state, Guarded guarded) {
  std::uint64_t x = 0;
  for (auto _ : state) {
    ++x;
    if (guarded(x) != x) [[unlikely]] {
      verify(state, false);
      break;
    }
  }
  per_item(state, 1);
}

}  // namespace bench::timeout
