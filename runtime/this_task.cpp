// What a task can ask and say about itself; on a plain thread the thread's own.
#include <thread>

#include "runtime/waiting.hpp"
#include <weft/task.hpp>

namespace weft {
namespace detail {

task_state state_of(future_core const& c) noexcept {
  for (;;) {
    switch (c.state()) {
      case job_state::queued: return task_state::scheduled;
      case job_state::finished: return task_state::finished;
      case job_state::failed: return task_state::failed;
      case job_state::cancelled: return task_state::cancelled;
      case job_state::running: break;
    }
    parker const* const p = c.where.load(std::memory_order_acquire);
    if (p == nullptr) return task_state::running;
    bool const suspended = p->parked() || (p->what() == parker::kind::fiber &&
                                           static_cast<fiber const*>(p)->current.load(std::memory_order_acquire) != &c);
    if (!suspended) return task_state::running;
    // Unless its body has ended meanwhile, and that was the fiber's next work: before that `where` was cleared (release: what
    // we have just seen there).
    if (c.where.load(std::memory_order_relaxed) == p) return task_state::suspended;
  }
}

namespace {

void sleep(std::int64_t until) {
  checkpoint();
  future_core* const self = current_core();
  if (wait_until(this_parker(), self, {awaited::time, nullptr}, until, true, [] { return false; }) == wait_end::interrupted) checkpoint();
}

constexpr std::int64_t slice = 1'000'000;  // ns

}  // namespace
}  // namespace detail

namespace this_task {

any_task self() noexcept { return any_task(detail::current_core()); }

void yield() {
  detail::worker* const w = detail::worker::current();
  if (w == nullptr) {
    detail::checkpoint();
    std::this_thread::yield();
    return;
  }
  detail::future_core const& self = *detail::running_on(*w);
  if (self.outer != nullptr || self.scopes != nullptr || detail::has_to_look(self)) detail::checkpoint();
  w->yield();
}

void sleep_for(weft::deadline d) {
  if (d.passed()) {
    yield();  // as asyncio's sleep(0): the others have their turn
  } else {
    detail::sleep(d.ns());
  }
}
void sleep_until(weft::deadline d) { sleep_for(d); }

void checkpoint() {
  detail::checkpoint();
  detail::worker* const w = detail::worker::current();
  if (w != nullptr && w->slice_is_over(detail::slice)) w->yield();
}

std::uint64_t id() noexcept {
  auto const* const c = detail::current_core();
  return c != nullptr ? c->id.load(std::memory_order_relaxed) : 0;
}

std::string name() {
  auto* const c = detail::current_core();
  return c != nullptr ? detail::name_of(*c) : std::string();
}

void set_name(std::string name) {
  if (auto* const c = detail::current_core()) detail::set_name(*c, std::move(name));
}

int cancelling() noexcept {
  auto const* const c = detail::current_core();
  return c != nullptr ? detail::requests_of(*c) : 0;
}

int uncancel() noexcept {
  auto* const c = detail::current_core();
  return c != nullptr ? detail::take_back(*c, false) : 0;
}

bool cancel_requested() noexcept {
  auto* const c = detail::current_core();
  if (c == nullptr) return false;
  detail::look_around(*c);
  return detail::can_deliver(*c);
}

std::optional<clock::time_point> deadline() noexcept {
  auto* const c = detail::current_core();
  auto const at = c != nullptr ? detail::nearest_deadline(*c) : detail::no_limit;
  if (at == detail::no_limit) return std::nullopt;
  return clock::time_point(clock::duration(at));
}

}  // namespace this_task
}  // namespace weft
