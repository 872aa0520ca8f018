// The group's bookkeeping, and how a group ends.
#include <weft/detail/group_core.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "runtime/inspection/debug.hpp"
#include "runtime/waiting.hpp"
#include <weft/task.hpp>

namespace weft::detail {

void group_link::insert_before(group_link& at) noexcept {
  prev = std::exchange(at.prev, this);
  next = &at;
  prev->next = this;
}

void group_link::unlink() noexcept {
  prev->next = next;
  next->prev = prev;
  next = prev = this;
}

group_core::group_core(runtime_core& rt) noexcept
    : home(rt), limit([] {
        auto const d = this_task::deadline();
        return d ? d->time_since_epoch().count() : no_limit;
      }()) {}

std::uint64_t group_core::lock() noexcept {
  backoff others;
  for (auto w = word_.load(std::memory_order_relaxed);;) {
    if ((w & lock_bit) != 0) {
      others.pause();
      w = word_.load(std::memory_order_relaxed);
    } else if (word_.compare_exchange_weak(w, w | lock_bit, std::memory_order_acquire, std::memory_order_relaxed)) {
      return w;
    }
  }
}

void group_core::enroll(future_core& c) {
  auto& m = *::new (&member_of(c)) group_member;
  m.core = &c;
  auto const w = lock();
  if ((w & (aborting_bit | closed_bit)) != 0) {
    unlock(w);
    throw group_closed_error((w & closed_bit) != 0 ? "weft: this task group has ended; it takes no more tasks"
                                                   : "weft: this task group is ending (a task failed, or cancel()); it takes no more tasks");
  }
  m.insert_before(children_);
  m.group.store(this, std::memory_order_relaxed);
  c.add_owner_unshared(job::one_weak);
  c.mark(future_core::grouped);
  unlock(w + one_child);
}

// Memory is had without the lock, and the lock is let go before others notice: of more children the rest is not listed.
void group_core::list_children(std::vector<future_core*>& into) {
  constexpr std::size_t most = 4096;
  into.reserve(into.size() + std::min(most, size()));
  auto const w = lock();
  for (group_link* const list : {&children_, &asked_}) {
    for (group_link* m = list->next; m != list && into.size() != into.capacity(); m = m->next) into.push_back(static_cast<group_member*>(m)->core);
  }
  unlock(w);
}

void group_core::withdraw(future_core& c) noexcept {
  c.set_state(job_state::cancelled);
  auto const w = lock();
  member_of(c).unlink();
  parker* const waiting = w / one_child == 1 ? joiner_ : nullptr;
  unlock(w - one_child);
  if (waiting != nullptr) kick(*waiting, false);
  if (c.drop_owner(job::one_handle + job::one_entry + job::one_weak)) destroy(c);  // abort() may have it in hand
}

void group_core::leave(future_core& c) noexcept {
  group_member& m = member_of(c);
  bool const failed = c.state() == job_state::failed;
  if (failed) {
    c.mark(future_core::observed);
    auto const w = lock();
    (last_failed_ != nullptr ? last_failed_->next_failed : first_failed_) = &m;
    last_failed_ = &m;
    unlock(w);
    abort({});
  }
  auto const w = lock();
  m.unlink();
  parker* const waiting = w / one_child == 1 ? joiner_ : nullptr;
  unlock(w - one_child);
  if (waiting != nullptr) kick(*waiting);
  if (!failed && c.drop_owner(job::one_weak)) destroy(c);
}

void leave_group(future_core& c) noexcept { member_of(c).group.load(std::memory_order_relaxed)->leave(c); }

void group_core::abort(std::string_view message) noexcept {
  {
    auto const w = lock();
    unlock(w | aborting_bit);
    if ((w & (aborting_bit | closed_bit)) != 0) return;
  }
  // The body first: when it meets a child that was cancelled for this, it knows that it is, too.
  if (future_core* const body = body_.load(std::memory_order_seq_cst)) kick_task(*body);
  for (;;) {
    std::array<future_core*, 32> batch;
    std::size_t n = 0;
    auto const w = lock();
    while (n != batch.size() && children_.next != &children_) {
      auto& m = static_cast<group_member&>(*children_.next);
      m.unlink();
      m.insert_before(asked_);
      m.core->add_owner(job::one_weak);
      batch[n++] = m.core;
    }
    unlock(w);
    if (n == 0) break;
    for (std::size_t i = 0; i != n; ++i) {
      try {
        (void)request_cancel(*batch[i], cancel_cause::group, message);
      } catch (...) {  // no memory for the message: it goes without
        (void)request_cancel(*batch[i], cancel_cause::group, {});
      }
      if (batch[i]->drop_owner(job::one_weak)) destroy(*batch[i]);
    }
  }
}

bool group_core::try_close() noexcept {
  auto w = word_.load(std::memory_order_acquire);
  while ((w & lock_bit) == 0 && w / one_child == 0) {
    if (word_.compare_exchange_weak(w, w | closed_bit, std::memory_order_acq_rel, std::memory_order_acquire)) return true;
  }
  return false;
}

// Whoever waits for the children passes a cancellation on to them, the first time, and remembers it.
struct group_core::wait : wait_record {
  wait(group_core& g, exception_state const& e) noexcept : wait_record{&look}, group(g), in_flight(e) {}

  static void look(wait_record& r, future_core& self) noexcept {
    auto& w = static_cast<wait&>(r);
    if (!hears(self, w.in_flight.uncaught)) return;
    auto const taken = take_request(self, w.in_flight.uncaught);
    if (!w.request) w.request = taken;
    w.group.abort(w.request->message());
  }

  group_core& group;
  exception_state in_flight;
  std::optional<cancelled> request;
};

std::optional<cancelled> group_core::wait_and_close() {
  worker* const w = worker::current();
  future_core* const self = current_core();
  exception_state in_flight;
  in_flight.uncaught = static_cast<unsigned>(std::uncaught_exceptions());
  wait mine(*this, in_flight);
  parker& me = this_parker();
  {
    auto const state = lock();
    bool const taken = joiner_ != nullptr;
    if (!taken) joiner_ = &me;
    unlock(state);
    if (taken) throw std::logic_error("weft: two tasks join one task group at once");
  }
  wait_record* const before = self != nullptr ? std::exchange(self->waiting, &mine) : nullptr;
  if (self != nullptr) wait::look(mine, *self);
  do {
    if (w != nullptr) run_newest_children(*this);
    (void)wait_until(me, self, {awaited::group, this}, no_limit, false, [&] { return size() == 0; });
  } while (!try_close());
  if (self != nullptr) self->waiting = before;
  return std::move(mine.request);
}

std::vector<failure> group_core::take_failures() {
  std::vector<failure> all;
  for (group_member* m = first_failed_; m != nullptr; m = m->next_failed) {
    future_core& c = *m->core;
    all.push_back({c.ops->error(c), c.id.load(std::memory_order_relaxed), name_of(c), c.site.load(std::memory_order_relaxed)});
  }
  while (first_failed_ != nullptr) {
    future_core& c = *std::exchange(first_failed_, first_failed_->next_failed)->core;
    if (c.drop_owner(job::one_weak)) destroy(c);
  }
  return all;
}

void group_core::report_failures() noexcept {
  while (first_failed_ != nullptr) {
    future_core& c = *std::exchange(first_failed_, first_failed_->next_failed)->core;
    report_unobserved(c, c.ops->error(c), "a task of a group that was not joined has failed");
    if (c.drop_owner(job::one_weak)) destroy(c);
  }
}

void join_group(group_core& group, std::exception_ptr body_error, std::optional<cancelled> outside, request_mark const* since) {
  future_core* const self = current_core();
  auto const before = self == nullptr ? request_mark{} : since != nullptr ? *since : mark_requests(*self);
  if (auto sent = group.wait_and_close()) outside = std::move(sent);
  auto failures = group.take_failures();
  auto const known = [&](failure const& f) { return f.error == body_error; };  // it has met it in a get()
  if (body_error && std::none_of(failures.begin(), failures.end(), known)) {
    failures.push_back({std::move(body_error), this_task::id(), this_task::name(),
                        self != nullptr ? self->site.load(std::memory_order_relaxed) : std::source_location()});
  }
  if (!failures.empty()) {
    if (outside && self != nullptr) {
      deliver_again(*self, before, *outside);  // the errors go first, the request comes at the next checkpoint
      if (is_watched(*self)) [[unlikely]] forget_delivery(*self);
    }
    throw exception_group("weft: tasks of a group have failed", std::move(failures));
  }
  if (!outside) return;
  if (self == nullptr) throw cancelled(std::move(*outside));  // the body has thrown it
  deliver(*self, std::move(*outside), before.heard);
}

group_run::group_run(group_core& g) : group_(g), self_(current_core()) {
  if (self_ == nullptr) return;
  scope_.emplace(*self_, g);
  group_.interrupts(self_);
}

void group_run::finish() {
  bool own = false;
  request_mark const* before = nullptr;
  if (scope_) {
    before = &scope_->before();
    group_.interrupts(nullptr);
    own = scope_->leave();
  }
  if (error_ || stopped_) group_.abort(stopped_ ? std::string_view(stopped_->message()) : std::string_view());
  if (own) stopped_.reset();
  join_group(group_, std::move(error_), std::move(stopped_), before);
}

}  // namespace weft::detail
