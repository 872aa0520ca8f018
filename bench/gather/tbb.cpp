// Ten at once on oneTBB: parallel_invoke takes them; results go where the callables put them.
#include <oneapi/tbb/parallel_invoke.h>

#include "bench/gather/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::gather {
namespace {

void ten(State& state) {
  on_tbb(state.range(0), [&] {
    measure(state, [](std::uint64_t x) {
      std::array<std::uint64_t, many> r{};
      auto const add = [x, &r](std::size_t i) { return [x, i, &r] { r[i] = x + i; }; };
      tbb::parallel_invoke(add(0), add(1), add(2), add(3), add(4), add(5), add(6), add(7), add(8), add(9));
      return std::accumulate(r.begin(), r.end(), std::uint64_t{0});
    });
  });
}

BENCHMARK(ten)->Name("gather/ten/tbb")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::gather
