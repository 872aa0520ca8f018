// Fibers of Boost.Fiber that sleep.
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include <vector>

#include "bench/support/on_boost_fibers.hpp"
#include "bench/timers/config.hpp"

namespace bench::timers {
namespace {

void run_all(std::vector<sleeper>& all) {
  std::vector<boost::fibers::fiber> fibers;
  fibers.reserve(all.size());
  for (auto& one : all) {
    fibers.emplace_back(std::allocator_arg, boost_stack(), [&one] {
      do {
        boost::this_fiber::sleep_until(one.due());
      } while (one.woke(clock::now()));
    });
  }
  for (auto& fiber : fibers) fiber.join();
}

void sleep_boost(State& state) {
  on_boost_fibers(state.range(0), [&] { measure(state, run_all); });
}

BENCHMARK(sleep_boost)->Name("timers/late/boost_fiber")->Apply(one_worker_loads);

}  // namespace
}  // namespace bench::timers
