// Ten at once on Boost.Fiber: async, then get in order.
#include <boost/fiber/all.hpp>

#include "bench/gather/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::gather {
namespace {

void ten(State& state) {
  on_boost_fibers(state.range(0), [&] {
    measure(state, [](std::uint64_t x) {
      std::array<boost::fibers::future<std::uint64_t>, many> all;
      for (std::size_t i = 0; i < many; ++i) {
        all[i] = boost::fibers::async(boost::fibers::launch::post, std::allocator_arg, boost_stack(), [x, i] { return x + i; });
      }
      std::uint64_t sum = 0;
      for (auto& f : all) sum += f.get();
      return sum;
    });
  });
}

BENCHMARK(ten)->Name("gather/ten/boost_fiber")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::gather
