#pragma once
// For problems known by the time of the whole, not of one item: milliseconds per iteration.
#include "bench/support/harness.hpp"

namespace bench {

inline void per_run(State& state) {
  constexpr double millisecond = 1e-3;  // the counter divides by it
  state.counters["ms_per_run"] =
      benchmark::Counter(millisecond, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

}  // namespace bench
