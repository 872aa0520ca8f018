// matmul by parallel_invoke of weft.
#include <weft/parallel.hpp>

#include "bench/matmul/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::matmul {
namespace {

void weft(State& state) {
  on_weft(state.range(0), [&] {
    measure(state, [](auto const&... quarters) { weft::parallel_invoke(quarters...); });
  });
}

BENCHMARK(weft)->Name("matmul/recursive/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::matmul
