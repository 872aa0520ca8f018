#pragma once
// So many producers and consumers of numbers at one bounded queue.
#include <atomic>
#include <cstdint>
#include <vector>

#include "bench/support/harness.hpp"

namespace bench::queue {

inline constexpr std::uint64_t items = 100'000;

// Queue(capacity): put(n), get(). run_all(functions) runs them all at once and returns when all have ended.
template <class Queue, class RunAll>
void measure(State& state, RunAll run_all) {
  auto const pairs = static_cast<std::uint64_t>(state.range(1));
  auto const each = items / pairs;
  for (auto _ : state) {
    Queue q(static_cast<std::size_t>(state.range(2)));
    std::atomic<std::uint64_t> sum{0};
    auto const side = [&](std::uint64_t i) {
      if (i < pairs) {
        for (std::uint64_t n = 0; n != each; ++n) q.put(n);
      } else {
        std::uint64_t mine = 0;
        for (std::uint64_t n = 0; n != each; ++n) mine += q.get();
        sum += mine;
      }
    };
    run_all(2 * pairs, side);
    if (!verify(state, sum == pairs * (each * (each - 1) / 2))) break;
  }
  per_item(state, each * pairs);
}

inline void rows(benchmark::internal::Benchmark* row) {
  row->Apply(timing);
  row->ArgNames({"workers", "pairs", "capacity"});
  for (int const workers : {1, 2}) {
    for (int const pairs : {1, 4}) {
      for (int const capacity : {1, 16, 1024}) row->Args({workers, pairs, capacity});
    }
  }
}

}  // namespace bench::queue
