// The measure of fairness: one queue, first come first served.
#include "bench/overload/config.hpp"
#include "bench/support/fifo_pool.hpp"

namespace bench::overload {
namespace {

void posted_fifo(State& state) {
  fifo_pool pool{state.range(0)};
  measure_posted(state, [&](auto f) { pool.post(f); });
}

BENCHMARK(posted_fifo)->Name("overload/posted/fifo")->Apply(one_and_two_workers)->Apply(once);

}  // namespace
}  // namespace bench::overload
