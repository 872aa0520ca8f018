// nqueens on oneTBB: a task_group for the queens of a row.
#include <oneapi/tbb/task_group.h>

#include <array>
#include <numeric>

#include "bench/nqueens/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::nqueens {
namespace {

std::uint64_t by_task_group(board b, int task_rows) {
  if (b.complete()) return 1;
  if (b.row == task_rows) return count_serially(b);
  std::array<std::uint64_t, n> ways{};
  tbb::task_group group;
  std::size_t placed = 0;
  for (auto free = b.free(); free != 0; ++placed) {
    group.run([&way = ways[placed], next = b.with(take(free)), task_rows] { way = by_task_group(next, task_rows); });
  }
  group.wait();
  return std::accumulate(ways.begin(), ways.end(), std::uint64_t{0});
}

void tbb(State& state) {
  on_tbb(state.range(1), [&] { measure(state, by_task_group); });
}

BENCHMARK(tbb)->Name("nqueens/count/tbb")->Apply(few_rows_and_all);

}  // namespace
}  // namespace bench::nqueens
