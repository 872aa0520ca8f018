#include "runtime/inspection/swallowed.hpp"

#include <algorithm>
#include <exception>
#include <new>

#include "runtime/inspection/debug.hpp"
#include "runtime/inspection/report.hpp"
#include "runtime/inspection/stderr.hpp"

namespace weft::detail {
namespace {

// A task that handles an exception, or unwinds by one, has not ended with what it has caught.
bool something_is_in_flight() noexcept { return std::uncaught_exceptions() != 0 || std::current_exception() != nullptr; }

void end_watch(future_core& self) noexcept { self.requests.fetch_and(~request_watched, std::memory_order_relaxed); }

// What was thrown in a task that knows of `heard` requests now, if it has come to nothing. That, or taken back: it is watched no more.
std::unique_ptr<thrown_cancellation> swallowed(future_core& self, int heard) noexcept {
  std::lock_guard guard{side_lock(self)};
  side_block* const side = self.side.load(std::memory_order_relaxed);
  if (side == nullptr || !side->thrown) return nullptr;
  bool const taken_back = heard <= side->thrown->heard_before;
  if (!taken_back && !side->thrown->alive.expired()) return nullptr;
  end_watch(self);
  auto t = std::move(side->thrown);
  if (taken_back) t.reset();
  return t;
}

std::string what_is(std::exception_ptr const& error) {
  try {
    std::rethrow_exception(error);
  } catch (std::exception const& e) {
    return e.what();
  } catch (...) {
    return "no std::exception";
  }
}

constexpr char const* canceller[] = {"by cancel()", "by a time-out", "by its group", "by its awaiter", "by the runtime's end", "by a signal"};

void report(future_core& self, thrown_cancellation const& t, std::string const& all_the_same) {
  auto const site = self.site.load(std::memory_order_relaxed);
  auto& reports = *self.rt.load(std::memory_order_relaxed)->debug;
  std::string place = site.file_name();
  place += ':';
  place += std::to_string(site.line());
  if (!reports.is_new(std::move(place))) return;
  std::string text = "weft: ";
  text += introduce(self);
  text += " was cancelled ";
  text += canceller[static_cast<unsigned>(t.cause)];
  if (!t.message.empty()) text += " (" + t.message + ')';
  text += " and ";
  text += all_the_same;
  text += " all the same: a catch (...) without rethrow, or a catch (weft::cancelled const&), has swallowed it. "
          "weft::this_task::uncancel() there says that this is meant\n";
  write_to_stderr(text);
}

}  // namespace

// One that comes while an earlier one is being handled goes with that: either may be the one that ends the task.
void watch_delivery(future_core& self, cancelled& to_be_thrown, int heard_before) noexcept try {
  if (to_be_thrown.cause() == cancel_cause::signal) return;  // to a main task, which nobody awaits that would be told something else
  if (auto const earlier = something_is_in_flight() ? nullptr : swallowed(self, heard_before)) report(self, *earlier, "went on");
  std::shared_ptr<void const> token = std::make_shared<char>();
  auto t = std::make_unique<thrown_cancellation>(
      thrown_cancellation{token, heard_before, to_be_thrown.message(), to_be_thrown.cause(), nullptr});
  {
    std::lock_guard guard{side_lock(self)};
    side_block& side = side_of(self);
    if (side.thrown != nullptr) {
      if (auto const earlier = side.thrown->alive.lock()) t->alive = token = earlier;
      t->heard_before = std::min(heard_before, side.thrown->heard_before);
      t->kept.swap(side.thrown->kept);
    }
    side.thrown.swap(t);
    self.requests.fetch_or(request_watched, std::memory_order_relaxed);
  }
  thrown_cancellation::hold(std::move(token), to_be_thrown);
} catch (std::bad_alloc const&) {
}

void keep_delivery(future_core& self) noexcept {
  std::lock_guard guard{side_lock(self)};
  side_block* const side = self.side.load(std::memory_order_relaxed);
  if (side != nullptr && side->thrown != nullptr) side->thrown->kept = std::current_exception();
}

void let_go_of_delivery(future_core& self) noexcept {
  std::exception_ptr kept;
  std::lock_guard guard{side_lock(self)};
  side_block* const side = self.side.load(std::memory_order_relaxed);
  if (side != nullptr && side->thrown != nullptr) kept.swap(side->thrown->kept);
}

void forget_delivery(future_core& self) noexcept {
  std::unique_ptr<thrown_cancellation> t;
  std::lock_guard guard{side_lock(self)};
  if (side_block* const side = self.side.load(std::memory_order_relaxed)) t.swap(side->thrown);
  end_watch(self);
}

void look_for_swallowed(future_core& self) noexcept try {
  if (something_is_in_flight()) return;
  if (auto const t = swallowed(self, mark_requests(self).heard)) report(self, *t, "went on");
} catch (std::bad_alloc const&) {
}

void look_for_swallowed(future_core& self, job_state ends) noexcept try {
  if (ends == job_state::cancelled) return;
  auto const t = swallowed(self, mark_requests(self).heard);
  if (t == nullptr) return;
  report(self, *t, ends == job_state::finished ? "ended with a value" : "failed with another error (" + what_is(self.ops->error(self)) + ')');
} catch (std::bad_alloc const&) {
}

}  // namespace weft::detail
