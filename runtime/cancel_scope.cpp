// Scopes: when they ask for their owner's cancellation, and how they take that back. The protocol: cancel.cpp.
#include <weft/detail/cancel_scope.hpp>

#include <algorithm>
#include <exception>

#include "runtime/runtime_core.hpp"
#include <weft/detail/group_core.hpp>

namespace weft::detail {

cancel_scope::cancel_scope(future_core& owner, cancel_cause cause, std::int64_t due) noexcept
    : due_(due), owner_(owner), outer_(owner.scopes), before_(mark_requests(owner)),
      uncaught_(owner.mask != 0 ? static_cast<unsigned>(std::uncaught_exceptions()) : 0), mask_(owner.mask), cause_(cause),
      timed_before_(owner.timed) {
  owner.scopes = this;
  if (due != no_limit) owner.timed = true;
}

bool cancel_scope::leave() noexcept {
  if (left_) return false;
  left_ = true;
  owner_.scopes = outer_;
  owner_.timed = timed_before_;
  if (!requested_) return false;
  int const left = take_back(owner_, owner_.deliveries == delivered_);
  return (mask_ == 0 ? left : mark_requests(owner_).heard) <= before_.heard;  // inside a shield nobody else's was delivered
}

// The scopes inside of it will leave `timed` as they found it.
void cancel_scope::set_due(std::int64_t due) noexcept {
  due_ = due;
  if (due == no_limit) return;
  owner_.timed = true;
  for (cancel_scope* s = owner_.scopes; s != this; s = s->outer_) s->timed_before_ = true;
}

// Of several time-outs that are overdue at once the outermost alone cancels, inside each shield; all of them have expired.
std::int64_t look_at_scopes(future_core& self) noexcept {
  std::int64_t next = no_limit;
  auto const request = [&self](cancel_scope& s) {
    s.requested_ = true;
    s.delivered_ = self.deliveries;
    request_for_scope(self, s.cause_, s.message());
  };
  for (cancel_scope* s = self.scopes; s != nullptr; s = s->outer_) {
    if (!s->requested_ && s->wants()) request(*s);
    if (!s->expired_) next = std::min(next, s->due_);
  }
  if (next == no_limit || !has_come(next)) return next;

  auto const now = now_ns();  // one for all of them
  next = no_limit;
  cancel_scope* overdue = nullptr;
  for (cancel_scope* s = self.scopes; s != nullptr; s = s->outer_) {
    if (s->expired_) continue;
    if (s->due_ <= now) {
      s->expired_ = true;
      if (overdue != nullptr && overdue->mask_ != s->mask_) request(*overdue);
      overdue = s;
    } else {
      next = std::min(next, s->due_);
    }
  }
  request(*overdue);
  return next;
}

std::int64_t nearest_deadline(future_core& self) noexcept {
  auto nearest = self.has(future_core::grouped) ? member_of(self).group.load(std::memory_order_relaxed)->limit
                 : self.has(future_core::taker) ? deadline_of_taker(self)
                                                : no_limit;
  for (cancel_scope* s = self.scopes; s != nullptr; s = s->outer_) nearest = std::min(nearest, s->due_);
  return nearest;
}

bool cancel_scope::is_pending() const noexcept { return requested_ && delivered_ == owner_.deliveries; }

bool cancel_scope::is_heard(unsigned uncaught) const noexcept {
  return mask_ == owner_.mask && uncaught_ == uncaught && is_pending();
}

}  // namespace weft::detail
