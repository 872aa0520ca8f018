// nqueens on weft: spawn for each queen, and the handles of a row's queens.
#include <weft/task.hpp>

#include <array>

#include "bench/nqueens/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::nqueens {
namespace {

std::uint64_t by_spawn(board b, int task_rows) {
  if (b.complete()) return 1;
  if (b.row == task_rows) return count_serially(b);
  std::array<weft::task<std::uint64_t>, n> ways;
  std::size_t placed = 0;
  for (auto free = b.free(); free != 0; ++placed) {
    ways[placed] = weft::spawn([next = b.with(take(free)), task_rows] { return by_spawn(next, task_rows); });
  }
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i != placed; ++i) sum += ways[i].get();
  return sum;
}

void weft(State& state) {
  on_weft(state.range(1), [&] { measure(state, by_spawn); });
}

BENCHMARK(weft)->Name("nqueens/count/weft")->Apply(few_rows_and_all);

}  // namespace
}  // namespace bench::nqueens
