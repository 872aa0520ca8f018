#pragma once
// The one loop of every wait: clear the kick, look at what has happened to the tasks of this fiber, then at one's own thing.
#include <algorithm>

#include "runtime/runtime_core.hpp"
#include <weft/detail/parking.hpp>
#include <weft/detail/waiter.hpp>

namespace weft::detail {

// `over()` is asked after every look. Not `interruptible`: only over() ends it, a request stays pending.
template <class Over>
wait_end wait_until(parker& me, future_core* self, std::int64_t until, bool interruptible, Over&& over) {
  for (;;) {
    me.clear_kick();
    auto const next = look_outward(self);
    if (over()) return wait_end::over;
    if (interruptible && self != nullptr && can_deliver(*self)) return wait_end::interrupted;
    if (until != no_limit && has_come(until)) return wait_end::late;
    park(me, std::min(until, next));
  }
}

}  // namespace weft::detail
