// gather of ten on weft.
#include <weft/gather.hpp>

#include <functional>
#include <vector>

#include "bench/gather/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::gather {
namespace {

void ten(State& state) {
  on_weft(state.range(0), [&] {
    measure(state, [](std::uint64_t x) {
      auto const add = [x](std::uint64_t i) { return [x, i] { return x + i; }; };
      auto const [a, b, c, d, e, f, g, h, i, j] =
          weft::gather(add(0), add(1), add(2), add(3), add(4), add(5), add(6), add(7), add(8), add(9));
      return a + b + c + d + e + f + g + h + i + j;
    });
  });
}

BENCHMARK(ten)->Name("gather/ten/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::gather
