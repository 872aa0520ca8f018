// matmul by parallel_invoke of oneTBB.
#include <oneapi/tbb/parallel_invoke.h>

#include "bench/matmul/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::matmul {
namespace {

void tbb(State& state) {
  on_tbb(state.range(0), [&] {
    measure(state, [](auto const&... quarters) { tbb::parallel_invoke(quarters...); });
  });
}

BENCHMARK(tbb)->Name("matmul/recursive/tbb")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::matmul
