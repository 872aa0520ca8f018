#pragma once
// What the tests of sync share: tasks that are known to wait, and what a cancelled one did.
#include <atomic>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <weft/weft.hpp>

#include "tests/support/shapes.hpp"

namespace waiting {

// Spawned, begun, and suspended: in the one wait that its body has. (Begun first: until then state() may speak of another
// task that had the same block before.)
template <class R>
weft::task<R> spawn_waiting(std::function<R()> f) {
  auto const begun = std::make_shared<std::atomic<bool>>(false);
  auto t = weft::spawn([begun, f = std::move(f)] {
    *begun = true;
    return f();
  });
  shapes::until([&] { return *begun && (t.state() == weft::task_state::suspended || t.done()); });  // done: it had little time
  return t;
}
template <class F>
auto spawn_waiting(F f) {
  return spawn_waiting(std::function<std::invoke_result_t<F&>()>(std::move(f)));  // one task to compile for all of the same result
}

// Cancelled, and ended by it.
template <class T>
bool ends_cancelled(weft::task<T> const& t) {
  (void)t.cancel();
  t.wait();
  return t.cancelled();
}

}  // namespace waiting
