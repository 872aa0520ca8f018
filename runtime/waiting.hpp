#pragma once
// The one loop of every wait: clear the kick, look at what has happened to the tasks of this fiber, then at one's own thing.
#include <algorithm>

#include "runtime/runtime_core.hpp"
#include <weft/detail/awaited.hpp>
#include <weft/detail/parking.hpp>
#include <weft/detail/waiter.hpp>

namespace weft::detail {

// Tasks that wait for each other in a circle would pass a request on for ever. They are stuck: after as many they are let be still.
inline constexpr int circle_limit = 100;

// While it lives, the fiber that waits says what for.
class saying_what_for {
 public:
  saying_what_for(parker& me, awaited what) noexcept : mine_(me.what() == parker::kind::fiber ? &static_cast<fiber&>(me) : nullptr) {
    if (mine_ == nullptr) return;
    before_ = mine_->waits_for.load(std::memory_order_relaxed);
    mine_->waits_for.store(what.word(), std::memory_order_relaxed);
  }
  ~saying_what_for() {
    if (mine_ != nullptr) mine_->waits_for.store(before_, std::memory_order_relaxed);
  }
  saying_what_for(saying_what_for const&) = delete;
  saying_what_for& operator=(saying_what_for const&) = delete;

 private:
  fiber* const mine_;
  std::uint64_t before_ = 0;
};

// `over()` is asked after every look. Not `interruptible`: only over() ends it, a request stays pending.
template <class Over>
wait_end wait_until(parker& me, future_core* self, awaited what, std::int64_t until, bool interruptible, Over&& over) {
  saying_what_for const note(me, what);
  if (self != nullptr && is_watched(*self)) [[unlikely]] look_for_swallowed(*self);
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
