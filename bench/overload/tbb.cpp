// Requests enqueued in an arena of oneTBB.
#include "bench/overload/config.hpp"
#include "bench/support/tbb_pool.hpp"

namespace bench::overload {
namespace {

void posted_tbb(State& state) {
  tbb_pool pool{state.range(0)};
  measure_posted(state, [&](auto f) { pool.post(f); });
}

BENCHMARK(posted_tbb)->Name("overload/posted/tbb")->Apply(one_and_two_workers)->Apply(once);

}  // namespace
}  // namespace bench::overload
