// Starting tasks, ending them, and waiting for them: claim and inline, else suspend.
#include <cstdint>
#include <optional>

#include "runtime/inspection/deadlock_report.hpp"
#include "runtime/inspection/debug.hpp"
#include "runtime/inspection/report.hpp"
#include "runtime/inspection/task_records.hpp"
#include "runtime/shield.hpp"
#include "runtime/waiting.hpp"
#include <weft/detail/group_core.hpp>
#include <weft/detail/team.hpp>
#include <weft/errors.hpp>

namespace weft::detail {
namespace {

// get() waits for `target` and passes its own cancellation on to it: what becomes of the target is the outcome.
struct join_record : wait_record {
  join_record(future_core& t, worker const* w) noexcept : wait_record{&look}, target(t) {
    if (w != nullptr) [[likely]] {
      in_flight = *w->exceptions;
    } else {
      in_flight.uncaught = static_cast<unsigned>(std::uncaught_exceptions());
    }
  }

  static void look(wait_record& r, future_core& self) noexcept {
    auto& j = static_cast<join_record&>(r);
    if (!hears(self, j.in_flight.uncaught)) return;
    if (!j.request) j.since = mark_requests(self);
    try {
      j.request = take_request(self, j.in_flight.uncaught);
      if (j.request->cause() == cancel_cause::awaiter && ++j.passed_on > circle_limit) return;
      j.in_time = request_cancel(j.target, cancel_cause::awaiter, j.request->message());
    } catch (...) {  // no memory for the message: it goes without
      j.in_time = request_cancel(j.target, cancel_cause::awaiter, {});
    }
  }

  // The target has ended otherwise, and not because it has heard of the request: then that is still the joiner's (W10).
  void take_it_back_if_unheard(future_core& self) noexcept {
    if (!in_time || is_requested(target)) deliver_again(self, since, *request);
  }

  future_core& target;
  exception_state in_flight;         // on the joiner's side: C++ keeps them per thread, and the target has its own
  int passed_on = 0;                 // of those that an awaiter had passed on to us
  std::optional<cancelled> request;  // the last one forwarded
  bool in_time;                      // it came before the target's end
  request_mark since;                // before the first one
};

// Calls the body of a claimed task, or not, if it was cancelled before.
[[gnu::noinline]] job_state refuse_to_run(future_core& c) noexcept {
  keep_cancellation(c, take_request(c));
  c.ops->discard(c);
  return job_state::cancelled;
}

inline job_state run_body(future_core& c) noexcept {
  if (recording()) [[unlikely]] record_begin(c);
  if (is_requested(c)) return refuse_to_run(c);
  job_state const s = c.ops->run(c);
  if (is_watched(c)) [[unlikely]] look_for_swallowed(c, s);
  return s;
}

// The last of a task that only the joiner above us can know: plain stores (J4).
[[gnu::always_inline]] inline void finish_unshared(worker& w, future_core& c, job_state s, claimed how) noexcept {
  if (recording()) [[unlikely]] record_end(c, s);
  c.set_state(s);  // before ended(): see cancel_round()
  runtime_core& rt = *c.rt.load(std::memory_order_relaxed);
  rt.ending(c);
  rt.ended_here(w, s);
  c.waiters.close_unshared();
  if (how == claimed::popped) c.drop_entry_unshared();
}

// On the joiner's stack.
[[gnu::always_inline]] inline void run_inline(worker& w, future_core& self, future_core& c, claimed how,
                                              exception_state const& in_flight) noexcept {
  fiber& f = w.running();
  *w.exceptions = {};
  c.outer = &self;
  c.timed = self.timed;
  f.current.store(&c, std::memory_order_relaxed);  // first: who sees `where` sees that it runs, see state_of()
  c.where.store(&f, std::memory_order_release);
  job_state const s = run_body(c);
  c.where.store(nullptr, std::memory_order_relaxed);
  f.current.store(&self, std::memory_order_release);
  worker& now = *worker::current();  // perhaps another one
  *now.exceptions = in_flight;
  if (c.sole_handle()) [[likely]] {
    finish_unshared(now, c, s, how);
  } else {
    finish_and_leave(c, s, how == claimed::popped);
  }
}

// Until done. `start`: a claimed task that is to begin now, on a fiber of its own.
void suspend_until_done(future_core& c, future_core* self, unstarted* start) noexcept {
  parker& me = this_parker();
  wait_node n;
  n.who = &me;
  if (!c.waiters.push(n)) return;
  if (start != nullptr) {
    saying_what_for const note(me, {awaited::future, &c});
    me.clear_kick();
    auto const next = look_outward(self);
    worker::current()->run_on_fresh_fiber(*start, next);
  }
  (void)wait_until(me, self, {awaited::future, &c}, no_limit, false, [&] { return c.done(); });
  (void)c.waiters.remove(n);
}

void look_before_joining(future_core& self) noexcept {
  if (is_watched(self)) [[unlikely]] look_for_swallowed(self);
  look_outward(&self);
}

void bury(unstarted& u) noexcept {
  if (u.drop_owner(job::one_entry)) destroy(static_cast<future_core&>(u));
}

// The everyday join: a child that nobody has started, the newest of this worker's own deque, on a stack with room. (In that
// deque it is a task of this runtime.)
[[gnu::always_inline]] inline bool run_newest(worker& w, future_core& c, future_core& self,
                                              exception_state const& in_flight) noexcept {
  if (w.deque.newest() != &c || c.stack_kib != 0 || w.simulated || !w.stack_suffices()) return false;
  if (!claim_newest<unstarted>(w.deque, c)) return false;
  if (has_to_look(self)) [[unlikely]] look_before_joining(self);  // as below
  run_inline(w, self, c, claimed::popped, in_flight);
  return true;
}

// True: nobody had started it, and it has run: here, or on a fresh fiber if this stack is too full.
bool run_here(worker* w, future_core& c, future_core& self, exception_state const& in_flight) noexcept {
  if (w == nullptr || !c.unclaimed() || c.kind != core_kind::task || c.stack_kib != 0 ||
      c.rt.load(std::memory_order_relaxed) != self.rt.load(std::memory_order_relaxed)) {
    return false;
  }
  bool const inlined = w->stack_suffices();
  if (!inlined && !w->can_run_on_fresh_fiber()) return false;
  if (w->simulated && w->home.options.world->choose(2) != 0) return false;
  claimed const how = claim_for_join<unstarted>(w->deque, c);
  if (how == claimed::no) return false;
  if (how == claimed::in_place) w->after_in_place_claim();
  // The claim was a full fence after `where` was set: a canceller that missed it has left his request here.
  if (has_to_look(self)) look_before_joining(self);
  if (inlined) {
    run_inline(*w, self, c, how, in_flight);
  } else {
    if (how == claimed::in_place) c.add_owner(job::one_entry);  // the run's own; the tombstone keeps the other
    suspend_until_done(c, &self, &c);
  }
  return true;
}

[[gnu::noinline]] void join_slowly(worker* w, future_core& c, future_core& self, join_record& mine) {
  if (&c == &self) throw deadlock_error("weft: task '" + name_of(c) + "' waits for itself");
  if (is_watched(self)) [[unlikely]] look_for_swallowed(self);
  if (is_requested(self)) join_record::look(mine, self);
  if (!run_here(w, c, self, mine.in_flight)) suspend_until_done(c, &self, nullptr);
}

// Done already, or joined by a thread.
[[gnu::noinline]] void join_simply(future_core& c, future_core* self) {
  if (!c.done()) {
    suspend_until_done(c, nullptr, nullptr);
  } else if (self != nullptr && !c.has(future_core::inner)) {
    checkpoint();
  }
  if (c.state() != job_state::finished) rethrow(c);
}

// A worker that only joins looks after the others now and then.
[[gnu::always_inline]] inline worker* tick(worker* w) noexcept {
  if (w != nullptr && w->tick()) [[unlikely]] {
    w->visit();
    return worker::current();
  }
  return w;
}

void run_claimed(unstarted& u) noexcept {
  if (u.is_fork()) {
    static_cast<portion&>(u).run_taken();
    return;
  }
  auto& c = static_cast<future_core&>(u);
  fiber& f = worker::current()->running();
  c.outer = nullptr;
  c.timed = false;
  f.current.store(&c, std::memory_order_relaxed);
  c.where.store(&f, std::memory_order_release);
  job_state const s = run_body(c);
  c.where.store(nullptr, std::memory_order_relaxed);
  f.current.store(nullptr, std::memory_order_release);
  finish_and_leave(c, s);
}

void fail_for_want_of_stack(unstarted& u) noexcept {
  if (u.is_fork()) {
    static_cast<portion&>(u).fail_for_want_of_stack();
    return;
  }
  auto& c = static_cast<future_core&>(u);
  c.outer = nullptr;
  c.ops->discard(c);
  ::new (&c.ops->error(c)) std::exception_ptr(std::make_exception_ptr(std::bad_alloc()));
  finish_and_leave(c, job_state::failed);
}

}  // namespace

job_hooks const task_hooks{&run_claimed, &bury, &fail_for_want_of_stack, &introduce, &recorded_occupant, &report_deadlocks, &report_stall};

void join(future_core& c) {
  worker* w = worker::current();
  future_core* const self = w != nullptr ? running_on(*w) : blocking_core_here();
  if (self == nullptr || c.done()) {
    join_simply(c, self);
    return;
  }
  w = tick(w);
  join_record mine(c, w);
  struct registration {
    future_core& self;
    wait_record* const before;
    registration(future_core& s, wait_record& r) noexcept : self(s), before(std::exchange(s.waiting, &r)) {}
    ~registration() { self.waiting = before; }
  };
  {
    registration const here(*self, mine);
    if (w == nullptr || !run_newest(*w, c, *self, mine.in_flight)) [[unlikely]] join_slowly(w, c, *self, mine);
  }
  if (mine.request) [[unlikely]] {
    if (c.state() == job_state::cancelled) deliver(*self, std::move(*mine.request), mine.since.heard);
    mine.take_it_back_if_unheard(*self);
  }
  if (c.state() == job_state::finished) [[likely]] return;
  rethrow(c);
}

bool run_in_place(future_core& c) noexcept {
  worker* const w = tick(worker::current());
  future_core* const self = w != nullptr ? running_on(*w) : nullptr;
  return self != nullptr && &c != self && run_here(w, c, *self, exception_state(*w->exceptions));
}

// Whoever pops an entry owns it, whosever child it turns out to be.
void run_newest_children(group_core& g) noexcept {
  for (;;) {
    worker* const w = tick(worker::current());
    future_core* const self = w != nullptr ? running_on(*w) : nullptr;
    if (self == nullptr || !w->stack_suffices() || (w->simulated && w->home.options.world->choose(2) != 0)) return;
    unstarted* const u = w->deque.pop();
    if (u == nullptr) return;
    auto* const c = u->is_fork() ? nullptr : static_cast<future_core*>(u);
    if (c == nullptr || !c->has(future_core::grouped) || member_of(*c).group.load(std::memory_order_relaxed) != &g || c->stack_kib != 0) {
      w->push(*u);
      return;
    }
    if (!c->claim()) {
      bury(*c);
      continue;
    }
    if (has_to_look(*self)) look_before_joining(*self);
    run_inline(*w, *self, *c, claimed::popped, exception_state(*w->exceptions));
  }
}

void join_shielded(future_core& c) noexcept {
  shield_scope const shield;
  if (!c.done() && !run_in_place(c)) suspend_until_done(c, current_core(), nullptr);
}

bool wait_done(future_core& c, std::int64_t until) {
  future_core* const self = current_core();
  checkpoint();
  if (&c == self) throw deadlock_error("weft: task '" + name_of(c) + "' waits for itself");
  if (c.done()) return true;
  parker& me = this_parker();
  wait_node n;
  n.who = &me;
  if (!c.waiters.push(n)) return true;
  auto const end = wait_until(me, self, {awaited::future, &c}, until, true, [&] { return c.done(); });
  (void)c.waiters.remove(n);
  if (end == wait_end::interrupted && !c.done()) checkpoint();
  return c.done();
}

// Once a promise's future is seen to be done, its block may go: whoever waited may own the promise, and drop it. So nothing
// is read afterwards unless it was kept. (A task's block is kept by the runner's entry.)
bool settle(future_core& c, job_state s, shield_link*& ended_too) noexcept {
  bool kept = false;
  auto const keep = [&] {
    if (!std::exchange(kept, true)) add_handle(c);
  };
  c.set_state(s);
  c.waiters.close([](parker& p) { kick(p); },
                  [&](wait_node& n) {
                    auto& node = static_cast<done_node&>(n);
                    if (node.tell != nullptr) {
                      node.tell(node, c, ended_too);
                    } else {
                      keep();  // the callback's own handle goes when it has run
                      queue_callback(c, n);
                    }
                  },
                  keep);
  return kept;
}

void conclude(future_core& c) noexcept {
  if (c.side.load(std::memory_order_acquire) != nullptr) run_callbacks(c);
  drop_handle(c);
}

void finish(future_core& c, job_state s) noexcept {
  shield_link* ended_too = nullptr;
  if (settle(c, s, ended_too)) conclude(c);
  while (ended_too != nullptr) conclude(*std::exchange(ended_too, ended_too->next_ended)->outer);
}

// Counted off last: what goes with the last owner (the value, the report of an error nobody looked at) is over before
// run() or shutdown() returns. The thread of a blocking_pool, which no runtime joins, keeps its task's runtime alive by
// `leaving`.
void finish_and_leave(future_core& c, job_state s, bool owns_entry) noexcept {
  runtime_core& rt = *c.rt.load(std::memory_order_relaxed);
  bool const outside = worker::current() == nullptr;
  if (outside) rt.leaving.fetch_add(1, std::memory_order_relaxed);
  finish(c, s);
  if (c.has(future_core::grouped)) leave_group(c);
  rt.ending(c);
  if (recording()) [[unlikely]] record_end(c, s);  // whom it has woken it has woken before its end
  if (owns_entry && c.drop_owner(job::one_entry)) destroy(c);
  rt.ended(worker::current(), s);
  if (outside) rt.leaving.fetch_sub(1, std::memory_order_release);
}

}  // namespace weft::detail
