// A condition of Boost.Fiber between two fibers.
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>

#include "bench/condition/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::condition {
namespace {

void fibers(State& state) {
  on_boost_fibers(state.range(0), [&] {
    table<boost::fibers::mutex, boost::fibers::condition_variable> t;
    boost::fibers::fiber other{std::allocator_arg, boost_stack(), [&] { t.answer(); }};
    measure(state, t);
    other.join();
  });
}

BENCHMARK(fibers)->Name("condition/round_trip/boost_fiber")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::condition
