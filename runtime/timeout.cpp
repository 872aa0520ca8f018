// A time-out is a cancel_scope with a deadline.
#include <weft/timeout.hpp>

#include "runtime/runtime_core.hpp"

namespace weft {
namespace {

detail::future_core& task_here() {
  auto* const self = detail::current_core();
  if (self == nullptr) throw no_runtime_error("weft: with_timeout() outside of a task; the timed forms (wait_for ...) work there");
  return *self;
}

}  // namespace

timeout::timeout(deadline d) : cancel_scope(task_here(), cancel_cause::timeout, d.ns()) {}

std::optional<clock::time_point> timeout::when() const {
  if (due_ == detail::no_limit) return std::nullopt;
  return clock::time_point(clock::duration(due_));
}

void timeout::reschedule(deadline d) {
  if (detail::current_core() != &owner()) throw std::logic_error("weft: only the task that runs its body may reschedule a timeout");
  if (left()) throw invalid_state_error("weft: this timeout is over and cannot be rescheduled");
  if (expired_) throw invalid_state_error("weft: this timeout has expired and cannot be rescheduled");
  set_due(d.ns());
}

void timeout::look() noexcept { (void)detail::look_at_scopes(owner()); }

void timeout::throw_timed_out() { throw timeout_error("weft: timed out"); }

void timeout::convert() {
  if (leave()) throw_timed_out();
}

}  // namespace weft
