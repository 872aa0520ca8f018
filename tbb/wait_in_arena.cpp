// A oneTBB task that waits for a future is suspended by oneTBB, and resumed by whoever ends the future.
//
// The node lies on the suspended stack, so who resumes it touches it no more (completions.hpp: telling is the last touch). It
// may be resumed while it is still being registered: the stack is left by then, oneTBB calls back from another one.
#include <utility>

#include <cxxabi.h>
#include <oneapi/tbb/task.h>
#include <weft/tbb.hpp>

#include "runtime/runtime_core.hpp"
#include <weft/detail/completions.hpp>

namespace weft::detail {
namespace {

struct suspended : done_node {
  tbb::task::suspend_point where = nullptr;
};

// C++ keeps exceptions in flight per thread, and oneTBB does not know. Not inlined: the thread may be another one next time, and
// the compiler takes __cxa_get_globals() for a constant.
[[gnu::noinline]] exception_state swap_exceptions(exception_state s) noexcept {
  auto* const here = reinterpret_cast<exception_state*>(abi::__cxa_get_globals());
  asm volatile("" ::: "memory");
  return std::exchange(*here, s);
}

}  // namespace

void wait_in_arena(future_core& c) {
  if (worker::current() != nullptr || tbb::task::current_context() == nullptr) {
    (void)wait_done(c, no_limit);
    return;
  }
  if (c.done()) return;
  suspended node;
  node.tell = [](done_node& n, future_core&, shield_link*&) noexcept { tbb::task::resume(static_cast<suspended&>(n).where); };
  auto const in_flight = swap_exceptions({});
  tbb::task::suspend([&node, &c](tbb::task::suspend_point here) {
    node.where = here;
    if (!c.waiters.push(node)) tbb::task::resume(here);
  });
  (void)swap_exceptions(in_flight);
}

}  // namespace weft::detail
