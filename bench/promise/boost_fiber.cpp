// Promises on Boost.Fiber.
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/future/promise.hpp>

#include "bench/promise/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::promise {
namespace {

void same_task(State& state) {
  on_boost_fibers(state.range(0), [&] {
    measure_same_task(state, [](std::uint64_t i) {
      boost::fibers::promise<std::uint64_t> promise;
      auto future = promise.get_future();
      promise.set_value(i);
      return future.get();
    });
  });
}

void ping_pong(State& state) {
  on_boost_fibers(state.range(0), [&] {
    measure_ping_pong<boost::fibers::promise>(state, [](auto f, auto g) {
      boost::fibers::fiber other{std::allocator_arg, boost_stack(), f};
      g();
      other.join();
    });
  });
}

BENCHMARK(same_task)->Name("promise/same_task/boost_fiber")->Apply(one_worker);
BENCHMARK(ping_pong)->Name("promise/ping_pong/boost_fiber")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::promise
