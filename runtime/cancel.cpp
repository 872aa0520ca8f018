// Cancellation: requests, how they are delivered, and how they are passed on.
//
//   requests   | generation 32 | count 24 | .. | asked | ended | shutdown | cause 3 | pending |
//
// Written by RMW only. `pending`: not delivered yet. The count is what cancelling() says; the task takes back its own.
// No request is lost: cancel() writes it (seq_cst RMW), then reads `where` and kicks. The claimer stores `where`; its next
// locked operation (popping a child, clear_kick() before a wait) orders that store before its re-reading of the requests.
// So either the canceller sees `where` and kicks, or the task sees the request before it waits or goes on into a child.
#include <exception>
#include <new>

#include "runtime/runtime_core.hpp"
#include <weft/detail/parking.hpp>

namespace weft {

shield_scope::shield_scope() noexcept : task_(detail::current_core()) {
  if (task_ != nullptr) ++static_cast<detail::future_core*>(task_)->mask;
}

shield_scope::~shield_scope() {
  if (task_ != nullptr) --static_cast<detail::future_core*>(task_)->mask;
}

namespace detail {
namespace {

constexpr std::uint64_t with_request(std::uint64_t w, cancel_cause cause) noexcept {
  if ((w & request_pending) == 0) {
    w = (w & ~request_cause_mask) | request_pending | (static_cast<std::uint64_t>(cause) << request_cause_shift);
  }
  return (w & request_count_mask) == request_count_mask ? w : w + request_unit;
}

// True: it was the first of those not delivered yet, so its message counts.
bool add_request(future_core& c, cancel_cause cause) noexcept {
  auto w = c.requests.load(std::memory_order_relaxed);
  while (!c.requests.compare_exchange_weak(w, with_request(w, cause), std::memory_order_seq_cst, std::memory_order_relaxed)) {
  }
  return (w & request_pending) == 0;
}

void kick_task(future_core& c) noexcept {
  if (parker* const p = c.where.load(std::memory_order_seq_cst)) kick(*p, false);
}

}  // namespace

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
  if (message.empty() && c.side.load(std::memory_order_relaxed) == nullptr) {
    add_request(c, cause);
  } else {  // also to replace the message of a request that was taken back
    std::string kept(message);
    std::lock_guard guard{side_lock(c)};
    side_block& side = side_of(c);
    if (add_request(c, cause)) side.message.swap(kept);
  }
  kick_task(c);
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
  } while (!c.requests.compare_exchange_weak(w, with_request(w, cancel_cause::shutdown) | request_asked,
                                             std::memory_order_seq_cst, std::memory_order_relaxed));
  kick_task(c);
  return true;
}

cancelled take_request(future_core& self) {
  auto const w = self.requests.fetch_and(~request_pending, std::memory_order_seq_cst);
  auto const cause = static_cast<cancel_cause>((w & request_cause_mask) >> request_cause_shift);
  std::string message;
  if (self.side.load(std::memory_order_acquire) != nullptr) {
    std::lock_guard guard{side_lock(self)};
    message.swap(side_of(self).message);
  }
  return cancelled(std::move(message), cause);
}

bool can_deliver(future_core const& self) noexcept {
  return is_requested(self) && self.mask == 0 && std::uncaught_exceptions() == 0;
}

void look_outward(future_core* innermost) noexcept {
  for (future_core* c = innermost; c != nullptr; c = c->outer) {
    if (c->waiting != nullptr) c->waiting->look(*c->waiting, *c);
  }
}

void checkpoint() {
  future_core* const self = current_core();
  if (self == nullptr) return;
  if (self->outer != nullptr) {
    if (parker& me = this_parker(); me.kicked()) {
      me.clear_kick();
      look_outward(self->outer);
    }
  }
  if (can_deliver(*self)) throw cancelled(take_request(*self));
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
