// skynet on Boost.Fiber, the small tree: its fibers begin in order of spawning, so nearly all of them are alive at once.
#include <boost/fiber/fiber.hpp>

#include <array>
#include <numeric>

#include "bench/skynet/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::skynet {
namespace {

using boost::fibers::fiber;

std::uint64_t by_fibers(subtree t) {
  if (t.leaf()) return t.first;
  std::array<std::uint64_t, fan_out> sums{};
  std::array<fiber, fan_out> children;
  for (std::uint64_t i = 0; i != fan_out; ++i) {
    children[i] = fiber{boost::fibers::launch::post, std::allocator_arg, boost_stack(),
                        [&sums, t, i] { sums[i] = by_fibers(t.child(i)); }};
  }
  for (auto& child : children) child.join();
  return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

void boost_fiber(State& state) {
  on_boost_fibers(state.range(1), [&] { measure(state, by_fibers); });
}

BENCHMARK(boost_fiber)->Name("skynet/tree/boost_fiber")->Apply(small_only);

}  // namespace
}  // namespace bench::skynet
