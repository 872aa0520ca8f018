// A timed wait on Boost.Fiber, the nearest it has to a time-out: future::wait_for.
#include <boost/fiber/all.hpp>

#include "bench/support/on_boost_fibers.hpp"
#include "bench/timeout/config.hpp"

namespace bench::timeout {
namespace {

using boost::fibers::future_status;

void ready(State& state) {
  on_boost_fibers(state.range(0), [&] {
    boost::fibers::promise<std::uint64_t> p;
    p.set_value(0);
    auto const done = p.get_future().share();
    measure(state, [&done](std::uint64_t x) { return done.wait_for(limit) == future_status::ready ? x + done.get() : 0; });
  });
}

void suspended(State& state) {
  on_boost_fibers(state.range(0), [&] {
    measure(state, [](std::uint64_t x) -> std::uint64_t {
      boost::fibers::promise<std::uint64_t> p;
      auto f = p.get_future();
      boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, boost_stack(), [&p, x] { p.set_value(x); }).detach();
      return f.wait_for(limit) == future_status::ready ? f.get() : 0;
    });
  });
}

BENCHMARK(ready)->Name("timeout/ready/boost_fiber")->Apply(one_worker);
BENCHMARK(suspended)->Name("timeout/suspends_once/boost_fiber")->Apply(one_worker);

}  // namespace
}  // namespace bench::timeout
