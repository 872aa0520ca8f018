#pragma once
// In how many ways do n queens stand on a board of n x n without attacking each other? A task for each queen that can be placed
// in the first `task_rows` rows; what is below one of the last row is counted by plain calls. The board is three sets of bits,
// so a serial step is a few instructions: what tasks cost shows.
#include <cstdint>

#include "bench/support/harness.hpp"
#include "bench/support/per_run.hpp"

namespace bench::nqueens {

inline constexpr int n = 12;
inline constexpr std::uint64_t right = 14'200;
inline constexpr int few = 4;  // rows: 4,958 tasks, of 856,188 placed queens
inline constexpr int all = n;  // a task for each of the 856,188: nothing but the cost of tasks

// The squares of the next row that are attacked, by column and along both diagonals.
struct board {
  std::uint32_t columns = 0, left = 0, right = 0;
  int row = 0;

  static constexpr std::uint32_t every = (1u << n) - 1;

  constexpr bool complete() const { return row == n; }
  constexpr std::uint32_t free() const { return ~(columns | left | right) & every; }
  constexpr board with(std::uint32_t queen) const {
    return {columns | queen, (left | queen) << 1, (right | queen) >> 1, row + 1};
  }
};

// Takes one of the free squares away and gives it.
inline std::uint32_t take(std::uint32_t& free) {
  std::uint32_t const queen = free & (~free + 1);
  free ^= queen;
  return queen;
}

inline std::uint64_t count_serially(board b) {
  if (b.complete()) return 1;
  std::uint64_t sum = 0;
  for (auto free = b.free(); free != 0;) sum += count_serially(b.with(take(free)));
  return sum;
}

// count(board, task_rows) is the library's answer.
template <class Count> void measure(State& state, Count count) {
  int const task_rows = static_cast<int>(state.range(0));
  board empty;
  for (auto _ : state) {
    benchmark::DoNotOptimize(empty);
    if (!verify(state, count(empty, task_rows) == right)) break;
  }
  per_run(state);
}

inline void few_rows_and_all(benchmark::internal::Benchmark* row) {
  row->Apply(timing);
  row->ArgNames({"task_rows", "workers"})->Args({few, 1})->Args({few, 2})->Args({all, 1})->Args({all, 2});
}

}  // namespace bench::nqueens
