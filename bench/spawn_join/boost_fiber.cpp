// spawn + join on Boost.Fiber, with its two ways to start and, for one worker, its pool of stacks (which is
// not safe for threads).
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/pooled_fixedsize_stack.hpp>

#include <vector>

#include "bench/spawn_join/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::spawn_join {
namespace {

using boost::fibers::fiber;
using boost::fibers::launch;

template <class Stack> void one(State& state, launch how, Stack stack) {
  on_boost_fibers(state.range(0), [&] {
    measure_one(state, [&](std::uint32_t stamp) {
      fiber{how, std::allocator_arg, stack, [stamp] { slots[0] = stamp; }}.join();
    });
  });
}

template <class Stack> void thousand(State& state, launch how, Stack stack) {
  on_boost_fibers(state.range(0), [&] {
    std::vector<fiber> fibers;
    fibers.reserve(many);
    measure_many(state, [&](std::uint32_t stamp) {
      for (std::size_t i = 0; i < many; ++i) {
        fibers.emplace_back(how, std::allocator_arg, stack, [i, stamp] { slots[i] = stamp; });
      }
      for (auto& f : fibers) f.join();
      fibers.clear();
    });
  });
}

auto pool() { return boost::fibers::pooled_fixedsize_stack{64 * 1024}; }

void one_post(State& state) { one(state, launch::post, boost_stack()); }
void one_dispatch(State& state) { one(state, launch::dispatch, boost_stack()); }
void one_pooled(State& state) { one(state, launch::dispatch, pool()); }
void many_post(State& state) { thousand(state, launch::post, boost_stack()); }
void many_dispatch(State& state) { thousand(state, launch::dispatch, boost_stack()); }
void many_pooled(State& state) { thousand(state, launch::post, pool()); }

BENCHMARK(one_post)->Name("spawn_join/one/boost_fiber_post")->Apply(one_and_two_workers);
BENCHMARK(one_dispatch)->Name("spawn_join/one/boost_fiber")->Apply(one_and_two_workers);
BENCHMARK(one_pooled)->Name("spawn_join/one/boost_fiber_pooled")->Apply(one_worker);
BENCHMARK(many_post)->Name("spawn_join/thousand/boost_fiber")->Apply(one_and_two_workers);
BENCHMARK(many_dispatch)->Name("spawn_join/thousand/boost_fiber_dispatch")->Apply(one_and_two_workers);
BENCHMARK(many_pooled)->Name("spawn_join/thousand/boost_fiber_pooled")->Apply(one_worker);

}  // namespace
}  // namespace bench::spawn_join
