// yield on Boost.Fiber.
#include <boost/fiber/fiber.hpp>

#include <vector>

#include "bench/support/on_boost_fibers.hpp"
#include "bench/yield/config.hpp"

namespace bench::yield {
namespace {

void run_all(relay& all, int count) {
  std::vector<boost::fibers::fiber> fibers;
  for (int id = 0; id < count; ++id) {
    fibers.emplace_back(std::allocator_arg, boost_stack(),
                        [&all, id] { all.run(id, [] { boost::this_fiber::yield(); }); });
  }
  for (auto& fiber : fibers) fiber.join();
}

void yield_boost(State& state) {
  on_boost_fibers(state.range(0), [&] { measure(state, run_all); });
}

BENCHMARK(yield_boost)->Name("yield/all/boost_fiber")->Apply(rows);

}  // namespace
}  // namespace bench::yield
