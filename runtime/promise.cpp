// What futures say and throw, and the promise's untyped half.
#include <stdexcept>

#include "runtime/task_locals.hpp"
#include <weft/detail/parking.hpp>
#include <weft/future.hpp>

namespace weft::detail {

void throw_empty_handle() { throw invalid_state_error("weft: this handle refers to nothing (moved from, or never set)"); }
void throw_pending() { throw invalid_state_error("weft: not done yet; get() waits for it"); }
void throw_taken() { throw invalid_state_error("weft: the value was moved out by take()"); }
void throw_already_set() { throw invalid_state_error("weft: the promise has its result already, or was cancelled"); }
void throw_not_last() {
  throw std::logic_error("weft: a move-only value cannot be moved out while other handles exist; use take(), or get() on an lvalue");
}

void rethrow(future_core& c) {
  if (c.state() == job_state::failed) {
    c.mark(future_core::observed);
    std::rethrow_exception(c.ops->error(c));
  }
  std::string message;
  auto cause = cancel_cause::requested;
  {
    std::lock_guard guard{side_lock(c)};
    if (side_block const* const s = c.side.load(std::memory_order_relaxed)) {
      message = s->ended;
      cause = s->cause;
    }
  }
  if (message.empty()) message = (c.kind == core_kind::promise ? name_of(c) : "task '" + name_of(c) + "'") + " was cancelled";
  throw task_cancelled_error(message, cause);
}

std::exception_ptr error_of(future_core& c) {
  if (!c.done()) throw_pending();
  if (c.state() == job_state::finished) return nullptr;
  if (c.state() == job_state::cancelled) rethrow(c);
  c.mark(future_core::observed);
  return c.ops->error(c);
}

future_core* make_promise_core(core_ops const* ops, std::size_t payload) {
  future_core& c = allocate_core(payload);
  c.reset(job::one_handle, job_state::queued);
  c.kind = core_kind::promise;
  c.ops = ops;
  c.id.store(0, std::memory_order_relaxed);  // the identity of the block's last life is not its own
  c.site.store({}, std::memory_order_relaxed);
  if (future_core const* const self = current_core()) {
    c.rt.store(self->rt.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  return &c;
}

bool try_fail(future_core& c, std::exception_ptr e) {
  if (e == nullptr) throw std::invalid_argument("weft: set_exception() needs an exception");
  if (!c.claim()) return false;
  try {
    std::rethrow_exception(e);
  } catch (cancelled const& how) {
    keep_cancellation(c, how);
    finish(c, job_state::cancelled);
  } catch (...) {
    ::new (&c.ops->error(c)) std::exception_ptr(std::move(e));
    finish(c, job_state::failed);
  }
  return true;
}

void break_promise(future_core& c) noexcept {
  if (!c.unclaimed()) return;
  if (c.last_handle()) c.mark(future_core::observed);  // nobody waits for it any more: no news
  try {
    (void)try_fail(c, std::make_exception_ptr(broken_promise_error("weft: the promise was destroyed without a result")));
  } catch (...) {
    (void)request_cancel(c, cancel_cause::requested, {});  // no memory for the error
  }
}

void destroy_result_of(future_core& c) noexcept {
  auto const s = c.state();
  if (s == job_state::failed && !c.has(future_core::observed)) {
    locals_scope const its_own(c.locals);
    report_unobserved(c, c.ops->error(c), c.kind == core_kind::promise ? "a promise's error that nobody looked at"
                                                                       : "a task's error that nobody looked at");
  }
  c.ops->clear(c, s);
  drop_locals(c);
  free_core(c);
}

}  // namespace weft::detail
