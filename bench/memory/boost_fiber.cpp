// Memory of fibers on Boost.Fiber, with its default kind of stack (no guard page) and with the guarded one,
// which ends at vm.max_map_count / 2 stacks.
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/future/future.hpp>
#include <boost/fiber/future/promise.hpp>
#include <boost/fiber/protected_fixedsize_stack.hpp>

#include "bench/memory/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::memory {
namespace {

using boost::fibers::fiber;
using protected_stack = boost::fibers::protected_fixedsize_stack;

figures unstarted(std::size_t count) {
  std::size_t ran = 0;
  std::vector<fiber> fibers(count);
  footprint const before;
  for (auto& f : fibers) f = fiber{std::allocator_arg, boost_stack(), [&ran] { ++ran; }};
  auto result = per_task(before, footprint{}, count);
  require(ran == 0);
  for (auto& f : fibers) f.join();
  require(ran == count);
  return result;
}

template <class Stack> figures suspended(std::size_t count) {
  std::size_t waiting = 0, ended = 0;
  boost::fibers::promise<void> gate;
  boost::fibers::shared_future<void> const opened{gate.get_future()};
  std::vector<fiber> fibers(count);
  footprint const before;
  for (auto& f : fibers) {
    f = fiber{std::allocator_arg, Stack{64 * 1024}, [&, opened] {
                ++waiting;
                opened.wait();
                ++ended;
              }};
  }
  while (waiting < count) boost::this_fiber::yield();
  auto result = per_task(before, footprint{}, count);
  require(ended == 0);
  gate.set_value();
  for (auto& f : fibers) f.join();
  require(ended == count);
  return result;
}

bool const added =
    add_row("unstarted/boost_fiber", unstarted, {30'000}) &&
    add_row("suspended/boost_fiber", suspended<boost::fibers::fixedsize_stack>, {30'000, 100'000}) &&
    add_row("suspended/boost_fiber_guarded", suspended<protected_stack>, {30'000});

}  // namespace
}  // namespace bench::memory
