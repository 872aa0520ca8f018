// matmul by plain calls in the same order.
#include "bench/matmul/config.hpp"

namespace bench::matmul {
namespace {

void serial(State& state) {
  measure(state, [](auto const&... quarters) { (quarters(), ...); });
}

BENCHMARK(serial)->Name("matmul/recursive/serial")->Apply(one_worker);

}  // namespace
}  // namespace bench::matmul
