// fib on Boost.Fiber: async + get beside spawn + get, fiber + join beside fork.
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/future/async.hpp>

#include "bench/fib/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::fib {
namespace {

std::uint64_t by_async(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  auto left = boost::fibers::async(boost::fibers::launch::post, std::allocator_arg, boost_stack(),
                                   [n] { return by_async(n - 1); });
  auto const right = by_async(n - 2);
  return left.get() + right;
}

std::uint64_t by_fiber(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  std::uint64_t left = 0;
  boost::fibers::fiber child{boost::fibers::launch::post, std::allocator_arg, boost_stack(),
                             [&left, n] { left = by_fiber(n - 1); }};
  auto const right = by_fiber(n - 2);
  child.join();
  return left + right;
}

void spawn_boost(State& state) {
  on_boost_fibers(state.range(1), [&] { measure(state, by_async); });
}
void fork_boost(State& state) {
  on_boost_fibers(state.range(1), [&] { measure(state, by_fiber); });
}

BENCHMARK(spawn_boost)->Name("fib/spawn/boost_fiber")->Apply(small_only);
BENCHMARK(fork_boost)->Name("fib/fork/boost_fiber")->Apply(small_only);

}  // namespace
}  // namespace bench::fib
