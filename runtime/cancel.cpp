// Cancellation: requests, how they are delivered, and how they are passed on.
//
//   requests   | generation 32 | count 14 | undelivered 10 | own | asked | ended | shutdown | cause 3 | watched |
//
// Written by RMW only. The count is what cancelling() says. Delivering throws once for all that are undelivered. Only the task
// itself delivers and takes back; a scope (cancel_scope.hpp) knows by the count of deliveries whether its own request is
// still among the undelivered, so it takes back exactly that one. Inside a shield only the requests of scopes that began there are
// delivered; those that stay undelivered are moved on to the new count of deliveries.
// No request is lost: cancel() writes it (seq_cst RMW), then reads `where` and kicks. The claimer stores `where`; its next
// locked operation (popping a child, clear_kick() before a wait) orders that store before its re-reading of the requests.
// So either the canceller sees `where` and kicks, or the task sees the request before it waits or goes on into a child.
#include <algorithm>
#include <exception>
#include <new>
#include <optional>

#include "runtime/inspection/debug.hpp"
#include <weft/detail/group_core.hpp>
#include <weft/detail/parking.hpp>
#include <weft/task.hpp>

namespace weft {

shield_scope::shield_scope() noexcept : task_(detail::current_core()) {
  if (task_ != nullptr) ++static_cast<detail::future_core*>(task_)->mask;
}

shield_scope::~shield_scope() {
  if (task_ != nullptr) --static_cast<detail::future_core*>(task_)->mask;
}

namespace detail {
namespace {

constexpr int count_of(std::uint64_t requests) noexcept {
  return static_cast<int>((requests & request_count_mask) / request_unit);
}
constexpr int undelivered_of(std::uint64_t requests) noexcept {
  return static_cast<int>((requests & request_undelivered_mask) / request_undelivered_unit);
}
constexpr int undelivered_limit = undelivered_of(request_undelivered_mask);

enum class whose : bool { another, own };  // own: made by one of the task's scopes

// The first of those not delivered yet says cause and message; a scope's give way to another's.
constexpr bool says_why(std::uint64_t w, whose who) noexcept {
  return (w & request_undelivered_mask) == 0 || (who == whose::another && (w & request_own) != 0);
}

constexpr std::uint64_t with_cause(std::uint64_t w, cancel_cause cause, whose who) noexcept {
  if (!says_why(w, who)) return w;
  return (w & ~(request_cause_mask | request_own)) | (static_cast<std::uint64_t>(cause) << request_cause_shift) |
         (who == whose::own ? request_own : 0);
}

constexpr std::uint64_t with_request(std::uint64_t w, cancel_cause cause, whose who) noexcept {
  w = with_cause(w, cause, who);
  if ((w & request_undelivered_mask) != request_undelivered_mask) w += request_undelivered_unit;
  return (w & request_count_mask) == request_count_mask ? w : w + request_unit;
}

// True: its message counts.
bool add_request(future_core& c, cancel_cause cause, whose who) noexcept {
  auto w = c.requests.load(std::memory_order_relaxed);
  while (!c.requests.compare_exchange_weak(w, with_request(w, cause, who), std::memory_order_seq_cst,
                                           std::memory_order_relaxed)) {
  }
  return says_why(w, who);
}

// add() says whether its message counts. bad_alloc: nothing was added. Without a message and a side block it cannot be thrown.
template <class Add>
void add_with_message(future_core& c, std::string_view message, Add const& add) {
  if (message.empty() && c.side.load(std::memory_order_relaxed) == nullptr) {
    (void)add();
  } else {  // also to replace the message of a request that was taken back
    std::string kept(message);
    std::lock_guard guard{side_lock(c)};
    side_block& side = side_of(c);
    if (add()) side.message.swap(kept);
  }
}

// No memory for the message: it goes without.
template <class Add>
void add_or_at_least_ask(future_core& c, std::string_view message, Add const& add) noexcept {
  try {
    add_with_message(c, message, add);
  } catch (std::bad_alloc const&) {
    (void)add();
  }
}

}  // namespace

void kick_task(future_core& c) noexcept {
  if (parker* const p = c.where.load(std::memory_order_seq_cst)) kick(*p, false);
}

bool request_cancel(future_core& c, cancel_cause cause, std::string_view message) {
  if (c.done()) {
    // A user who cancels it knows of it (F20); ~scoped_task and awaiters that come too late do not speak for him.
    if (cause == cancel_cause::requested) c.mark(future_core::observed);
    return false;
  }
  if (c.kind == core_kind::callback) return false;
  if (c.kind == core_kind::promise) {
    if (!c.claim()) return false;
    keep_cancellation(c, cancelled(std::string(message), cause));
    finish(c, job_state::cancelled);
    return true;
  }
  add_with_message(c, message, [&] { return add_request(c, cause, whose::another); });
  kick_task(c);
  if (c.kind == core_kind::blocking) thread_pool::withdraw(c, c.generation.load(std::memory_order_relaxed));
  return true;
}

bool join_round(future_core& c, std::uint32_t generation) noexcept {
  auto w = c.requests.load(std::memory_order_relaxed);
  do {
    if (w >> 32 != generation || (w & (request_shutdown | request_ended)) != 0) return false;
  } while (!c.requests.compare_exchange_weak(w, w | request_shutdown, std::memory_order_seq_cst, std::memory_order_relaxed));
  return true;
}

bool cancel_if_in_round(future_core& c, std::uint32_t generation) noexcept {
  auto w = c.requests.load(std::memory_order_relaxed);
  do {
    if (w >> 32 != generation || (w & (request_shutdown | request_asked | request_ended)) != request_shutdown) return false;
  } while (!c.requests.compare_exchange_weak(w, with_request(w, cancel_cause::shutdown, whose::another) | request_asked,
                                             std::memory_order_seq_cst, std::memory_order_relaxed));
  kick_task(c);
  if (c.kind == core_kind::blocking) thread_pool::withdraw(c, generation);
  return true;
}

inline bool cancel_scope::is_pending() const noexcept { return requested_ && delivered_ == owner_.deliveries; }

inline bool cancel_scope::is_heard(unsigned uncaught) const noexcept {
  return mask_ == owner_.mask && uncaught_ == uncaught && is_pending();
}

bool hears(future_core const& self, unsigned uncaught) noexcept {
  if (!is_requested(self)) return false;
  if (self.mask == 0) return uncaught == 0;
  for (cancel_scope const* s = self.scopes; s != nullptr; s = s->outer_) {
    if (s->is_heard(uncaught)) return true;
  }
  return false;
}

namespace {

std::string text_of(std::string_view message) noexcept {
  try {
    return std::string(message);
  } catch (std::bad_alloc const&) {
    return {};
  }
}

// So many of its own scopes' requests leave the undelivered. What stays keeps cause and message if another's is among it; if all are
// its scopes', they are `why`'s.
void take_some(future_core& self, int heard, std::optional<cancel_cause> why, std::string_view message) noexcept {
  auto w = self.requests.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = w;
    if (undelivered_of(w) != undelivered_limit) next -= static_cast<unsigned>(std::min(heard, undelivered_of(w))) * request_undelivered_unit;
    if (why && (w & request_own) != 0) {
      next = (next & ~request_cause_mask) | (static_cast<std::uint64_t>(*why) << request_cause_shift);
    }
  } while (!self.requests.compare_exchange_weak(w, next, std::memory_order_seq_cst, std::memory_order_relaxed));
  if (!why || (w & request_own) == 0 || self.side.load(std::memory_order_acquire) == nullptr) return;
  std::lock_guard guard{side_lock(self)};
  if ((self.requests.load(std::memory_order_relaxed) & request_own) != 0) side_of(self).message = text_of(message);
}

}  // namespace

cancelled take_request(future_core& self, unsigned uncaught) {
  if (self.mask != 0) {
    int heard = 0;
    cancel_scope const *outermost = nullptr, *stays = nullptr;
    for (cancel_scope* s = self.scopes; s != nullptr; s = s->outer_) {
      if (s->is_heard(uncaught)) {
        ++heard;
        outermost = s;
      } else if (s->is_pending()) {
        stays = s;
        s->delivered_ = self.deliveries + 1;
      }
    }
    ++self.deliveries;
    if (stays != nullptr) {
      take_some(self, heard, stays->cause_, stays->message());
    } else {
      take_some(self, heard, std::nullopt, {});
    }
    return cancelled(text_of(outermost->message()), outermost->cause_);
  }
  auto const w = self.requests.fetch_and(~request_undelivered_mask, std::memory_order_seq_cst);
  ++self.deliveries;
  auto const cause = static_cast<cancel_cause>((w & request_cause_mask) >> request_cause_shift);
  std::string message;
  if (self.side.load(std::memory_order_acquire) != nullptr) {
    std::lock_guard guard{side_lock(self)};
    message.swap(side_of(self).message);
  }
  return cancelled(std::move(message), cause);
}

void deliver(future_core& self, cancelled&& taken, int heard_before) {
  if (self.rt.load(std::memory_order_relaxed)->debug != nullptr) [[unlikely]] watch_delivery(self, taken, heard_before);
  throw cancelled(std::move(taken));
}

void deliver(future_core& self) {
  int const heard_before = mark_requests(self).heard;
  deliver(self, take_request(self, static_cast<unsigned>(std::uncaught_exceptions())), heard_before);
}

bool can_deliver(future_core const& self) noexcept {
  return is_requested(self) && hears(self, static_cast<unsigned>(std::uncaught_exceptions()));
}

int requests_of(future_core const& c) noexcept {
  return count_of(c.requests.load(std::memory_order_relaxed));
}

int take_back(future_core& self, bool undelivered) noexcept {
  auto w = self.requests.load(std::memory_order_relaxed);
  std::uint64_t n = 0;
  do {
    if ((w & request_count_mask) == 0) return 0;
    n = w - request_unit;
    if (undelivered && (n & request_undelivered_mask) != 0) n -= request_undelivered_unit;
    if ((n & request_count_mask) == 0) n &= ~request_undelivered_mask;
  } while (!self.requests.compare_exchange_weak(w, n, std::memory_order_seq_cst, std::memory_order_relaxed));
  return count_of(n);
}

request_mark mark_requests(future_core const& self) noexcept {
  auto const w = self.requests.load(std::memory_order_relaxed);
  return {std::max(0, count_of(w) - undelivered_of(w)), self.deliveries};
}

// Those of open scopes become undelivered one by one, so that each can still be taken back; of others' one is enough.
void deliver_again(future_core& self, request_mark const& since, cancelled const& what) noexcept {
  int pending = 0, again = 0;  // of scopes
  for (cancel_scope* s = self.scopes; s != nullptr; s = s->outer_) {
    if (!s->requested_) continue;
    if (s->delivered_ == self.deliveries) {
      ++pending;
    } else if (static_cast<std::int32_t>(s->delivered_ - since.deliveries) >= 0) {
      s->delivered_ = self.deliveries;
      ++again;
    }
  }
  auto const add = [&]() noexcept {
    auto w = self.requests.load(std::memory_order_relaxed);
    for (;;) {
      bool const others_came = count_of(w) - since.heard > pending + again;
      bool const one_more = others_came && undelivered_of(w) <= pending;
      int const n = std::min(again + (one_more ? 1 : 0), undelivered_limit - undelivered_of(w));
      auto const who = one_more ? whose::another : whose::own;
      auto const next = n == 0 ? w : with_cause(w, what.cause(), who) + static_cast<unsigned>(n) * request_undelivered_unit;
      if (self.requests.compare_exchange_weak(w, next, std::memory_order_seq_cst, std::memory_order_relaxed)) {
        return n != 0 && says_why(w, who);
      }
    }
  };
  add_or_at_least_ask(self, what.message(), add);
}

cancel_scope::cancel_scope(future_core& owner, cancel_cause cause, std::int64_t due) noexcept
    : due_(due), owner_(owner), outer_(owner.scopes), before_(mark_requests(owner)),
      mask_(owner.mask), cause_(cause), timed_before_(owner.timed) {
  owner.scopes = this;
  if (due != no_limit) owner.timed = true;
  if (mask_ != 0) [[unlikely]] begin_shielded();
}

// Out of line, as what follows: the everyday scope calls nothing.
[[gnu::noinline]] void cancel_scope::begin_shielded() noexcept { uncaught_ = static_cast<unsigned>(std::uncaught_exceptions()); }

[[gnu::noinline]] bool cancel_scope::take_back_own() noexcept {
  int const left = take_back(owner_, owner_.deliveries == delivered_);
  return (mask_ == 0 ? left : mark_requests(owner_).heard) <= before_.heard;  // inside a shield nobody else's was delivered
}

bool cancel_scope::leave() noexcept {
  if (left_) return false;
  left_ = true;
  owner_.scopes = outer_;
  owner_.timed = timed_before_;
  return requested_ && take_back_own();
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
    add_or_at_least_ask(self, s.message(), [&] { return add_request(self, s.cause_, whose::own); });
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
      if (overdue != nullptr && (overdue->mask_ != s->mask_ || overdue->uncaught_ != s->uncaught_)) request(*overdue);
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

std::int64_t look_outward(future_core* innermost) noexcept {
  std::int64_t next = no_limit;
  for (future_core* c = innermost; c != nullptr; c = c->outer) {
    if (c->scopes != nullptr) next = std::min(next, look_at_scopes(*c));
    if (c->waiting != nullptr) c->waiting->look(*c->waiting, *c);
  }
  return next;
}

// What has happened since the last look, for a task that runs.
void look_around(future_core& self) noexcept {
  if (is_watched(self)) [[unlikely]] look_for_swallowed(self);
  if (self.outer == nullptr && self.scopes == nullptr) return;
  if (self.timed) look_outward(&self);
  for (parker& me = this_parker(); me.kicked();) {
    me.clear_kick();
    look_outward(&self);
  }
}

[[gnu::noinline]] static future_core* look_and_deliver(future_core& self) {
  look_around(self);
  if (can_deliver(self)) deliver(self);
  return &self;
}

future_core* checkpoint() {
  worker* const w = worker::current();
  future_core* const self = w != nullptr ? running_on(*w) : blocking_core_here();
  if (self != nullptr && (self->outer != nullptr || self->scopes != nullptr || has_to_look(*self))) return look_and_deliver(*self);
  return self;
}

void keep_cancellation(future_core& c, cancelled const& how) noexcept {
  try {
    std::lock_guard guard{side_lock(c)};
    if (how.message().empty() && how.cause() == cancel_cause::requested && c.side.load(std::memory_order_relaxed) == nullptr) return;
    side_block& side = side_of(c);
    side.ended = how.message();
    side.cause = how.cause();
  } catch (std::bad_alloc const&) {
    // Cancelled all the same, without its message.
  }
}

}  // namespace detail
}  // namespace weft
