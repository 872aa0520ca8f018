// More threads than CPUs on oneTBB.
#include "bench/fib/tbb.hpp"
#include "bench/scaling/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::scaling {
namespace {

void tree_tbb(State& state) {
  on_tbb(state.range(0), [&] { measure_tree(state, fib::by_task_group); });
}

BENCHMARK(tree_tbb)->Name("scaling/tree/tbb")->Apply(two_to_many_workers);

}  // namespace
}  // namespace bench::scaling
