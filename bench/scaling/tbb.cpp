// More threads than CPUs on oneTBB.
#include <oneapi/tbb/task_group.h>

#include "bench/scaling/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::scaling {
namespace {

std::uint64_t by_task_group(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  std::uint64_t left = 0;
  tbb::task_group group;
  group.run([&left, n] { left = by_task_group(n - 1); });
  auto const right = by_task_group(n - 2);
  group.wait();
  return left + right;
}

void tree_tbb(State& state) {
  on_tbb(state.range(0), [&] { measure_tree(state, by_task_group); });
}

BENCHMARK(tree_tbb)->Name("scaling/tree/tbb")->Apply(two_to_many_workers);

}  // namespace
}  // namespace bench::scaling
