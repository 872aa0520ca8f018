#pragma once
// What the tests of sync share: tasks that are known to wait, and what a cancelled one did.
#include <atomic>
#include <memory>
#include <utility>

#include <weft/weft.hpp>

#include "tests/support/shapes.hpp"

namespace waiting {

// Spawned, begun, and suspended: in the one wait that its body has. (Begun first: until then state() may speak of another
// task that had the same block before.)
template <class F>
auto spawn_waiting(F&& f) {
  auto const begun = std::make_shared<std::atomic<bool>>(false);
  auto t = weft::spawn([begun, f = std::forward<F>(f)]() mutable {
    *begun = true;
    return std::move(f)();
  });
  shapes::until([&] { return *begun && (t.state() == weft::task_state::suspended || t.done()); });  // done: it had little time
  return t;
}

// Cancelled, and ended by it.
template <class T>
bool ends_cancelled(weft::task<T> const& t) {
  (void)t.cancel();
  t.wait();
  return t.cancelled();
}

}  // namespace waiting
