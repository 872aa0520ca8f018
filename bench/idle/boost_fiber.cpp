// Idle fibers on Boost.Fiber.
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/future/future.hpp>
#include <boost/fiber/future/promise.hpp>

#include <vector>

#include "bench/idle/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::idle {
namespace {

void idle_boost(State& state) {
  for (auto _ : state) {
    std::atomic<int> waiting{0};
    boost::fibers::promise<void> gate;
    boost::fibers::shared_future<void> const opened{gate.get_future()};
    std::thread scheduler{[&] {
      std::vector<boost::fibers::fiber> fibers;
      for (int i = 0; i < count; ++i) {
        fibers.emplace_back(std::allocator_arg, boost_stack(), [opened, &waiting] {
          ++waiting;
          opened.wait();
          --waiting;
        });
      }
      for (auto& fiber : fibers) fiber.join();
    }};
    measure(state, waiting);
    bool const all_waited = waiting == count;
    gate.set_value();
    scheduler.join();
    verify(state, all_waited && waiting == 0);
  }
}

BENCHMARK(idle_boost)->Name("idle/10k/boost_fiber")->Apply(one_worker)->Apply(once);

}  // namespace
}  // namespace bench::idle
