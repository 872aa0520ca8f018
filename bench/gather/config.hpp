#pragma once
// Ten callables run concurrently, their values in the order of the arguments.
#include <array>
#include <cstdint>
#include <numeric>

#include "bench/support/harness.hpp"

namespace bench::gather {

inline constexpr std::size_t many = 10;

// gather_ten(x) gives the sum of x + 0 ... x + 9, each computed by a task of its own.
template <class GatherTen> void measure(State& state, GatherTen gather_ten) {
  std::uint64_t x = 0;
  for (auto _ : state) {
    ++x;
    if (gather_ten(x) != 10 * x + 45) [[unlikely]] {
      verify(state, false);
      break;
    }
  }
  per_item(state, 1);
}

}  // namespace bench::gather
