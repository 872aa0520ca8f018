#pragma once
// What every benchmark says about itself: time per item, and an error instead of a figure when a result is
// wrong.
#include <benchmark/benchmark.h>

#include <cstdint>

namespace bench {

using benchmark::State;

// items: what one iteration did. The counter is seconds per item, so its median is a median of times.
inline void per_item(State& state, std::uint64_t items) {
  state.counters["per_item"] =
      benchmark::Counter(static_cast<double>(items),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// False, and the row becomes an error, when the work was not done as it should be: then leave the loop.
inline bool verify(State& state, bool right) {
  if (!right) state.SkipWithError("wrong result");
  return right;
}

// Process CPU time, because a fiber that holds the loop may change its thread.
inline void timing(benchmark::internal::Benchmark* row) {
  row->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);
}

inline void one_worker(benchmark::internal::Benchmark* row) {
  row->Apply(timing);
  row->ArgName("workers")->Arg(1);
}

inline void one_and_two_workers(benchmark::internal::Benchmark* row) {
  row->Apply(one_worker);
  row->Arg(2);
}

// For what takes a second or more a run: the repetitions are the samples.
inline void once(benchmark::internal::Benchmark* row) {
  row->Apply(timing);
  row->Iterations(1)->Unit(benchmark::kMillisecond);
}

}  // namespace bench
