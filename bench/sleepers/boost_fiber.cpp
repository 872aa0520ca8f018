// Sleepers on Boost.Fiber.
#include <boost/fiber/fiber.hpp>

#include <vector>

#include "bench/sleepers/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::sleepers {
namespace {

void run_all(log& all) {
  std::vector<boost::fibers::fiber> fibers;
  fibers.reserve(static_cast<std::size_t>(all.count()));
  for (int i = 0; i < all.count(); ++i) {
    fibers.emplace_back(std::allocator_arg, boost_stack(),
                        [&all, i] { all.sleep(i, [](auto time) { boost::this_fiber::sleep_for(time); }); });
  }
  for (auto& fiber : fibers) fiber.join();
}

void sleepers_boost(State& state) {
  on_boost_fibers(state.range(0), [&] { measure(state, many, run_all); });
}

BENCHMARK(sleepers_boost)->Name("sleepers/100k/boost_fiber")->Apply(one_worker)->Apply(once);

}  // namespace
}  // namespace bench::sleepers
