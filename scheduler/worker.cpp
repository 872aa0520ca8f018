// The worker's fiber switch and its life. How it finds work: find.cpp.
#include "scheduler/worker.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cxxabi.h>
#include <new>
#include <utility>

#include <pthread.h>
#include <unistd.h>

#include "scheduler/context.hpp"
#include "scheduler/overflow.hpp"
#include "scheduler/recording.hpp"
#include "scheduler/scheduler.hpp"
#include "scheduler/wait_profile.hpp"

namespace weft::detail {
namespace {

thread_local worker* this_worker = nullptr;

// A stack without a guard page was overrun; whatever lay below is lost, so nothing can go on.
[[noreturn, gnu::cold, gnu::noinline]] void report_overrun(fiber const& f) noexcept {
  char who[256] = "a task";
  if (f.home != nullptr) f.home->options.hooks->describe(f, who, sizeof who);
  std::fprintf(stderr, "weft: stack overflow in %s: its stack of %zu KiB has no guard page (vm.max_map_count)\n", who,
               f.stacks->promised() / 1024);
  std::abort();
}

std::uint64_t seed(unsigned index) noexcept { return 0x9e3779b97f4a7c15ull * (index + 1); }

constexpr std::size_t spare_limit = 64;  // fibers a worker keeps; more go back to the pool, their memory to the kernel

}  // namespace

[[gnu::noinline]] worker* worker::current() noexcept {
  worker* w = this_worker;
  asm volatile("" : "+r"(w));
  return w;
}

worker::worker(scheduler& s, unsigned i)
    : wheel(s.now(), s.options.world != nullptr ? timer_rounding::exact : timer_rounding::up),
      samples(s, seed(i)), home(s), index(i), simulated(s.options.world != nullptr), idle_(s.idle),
      alone_(s.options.workers + s.options.stand_ins == 1), suspends_(s.options.suspends), random_(seed(i)) {
  coarse_now = s.now();
  if (i >= s.options.workers) duty_.store(off, std::memory_order_relaxed);  // until it has its thread
  spares_.reserve(spare_limit + 2);
  suspects_.resize(s.options.workers + s.options.stand_ins);
  if (!have_spares(1)) throw std::bad_alloc();
}

worker::~worker() {
  for (fiber* f : spares_) release_fiber(f);  // it has never served
}

void worker::serve() noexcept {
  this_worker = this;
  exceptions = reinterpret_cast<exception_state*>(abi::__cxa_get_globals());
  errno_ = &errno;
  alternate_stack const for_signals;
  running_.store(&native_, std::memory_order_relaxed);
  clockid_t time{};
  if (::pthread_getcpuclockid(::pthread_self(), &time) == 0) {
    thread_handle_.store(::pthread_self(), std::memory_order_relaxed);
    thread_time_.store(time, std::memory_order_relaxed);
    thread_id_.store(::gettid(), std::memory_order_release);  // pairs with the acquire in thread()
  }
  for (backoff b; !have_spares(1);) b.pause();
  switch_to(take_spare(), after::nothing);
  // The scheduler has stopped: every other context of this worker is idle in a loop.
  for (fiber* f : spares_) release_fiber(f);
  spares_.clear();
  thread_id_.store(0, std::memory_order_relaxed);
  this_worker = nullptr;
}

void worker::loop(void* left) noexcept {
  arrive_fresh(current()->running());
  current()->settle(left);
  for (;;) {
    worker* const w = current();
    w->samples.ended();
    if (unstarted* const j = std::exchange(w->handed_over_, nullptr)) {
      // On a stack of the usual size it may be one that wants another; on any other size that is the one it wants.
      w->running().stacks == &w->home.stacks ? w->start(*j) : w->run(*j);
    } else if (w->running().stacks != &w->home.stacks) {
      w->switch_to(w->take_spare(), after::recycle);  // a stack of another size was for one job only
    } else if (work const x = w->find(); x.ready != nullptr) {
      w->switch_to(*x.ready, after::recycle);
    } else if (x.start != nullptr) {
      w->start(*x.start);
    } else if (w->home.stopping.load(std::memory_order_acquire)) {
      w->switch_to(w->native_, after::recycle);
    } else {
      w->sleep();
    }
  }
}

inline void worker::run(unstarted& j) noexcept {
  samples.begins(j.ready_since, switches);
  home.options.hooks->run(j);
}

void worker::start(unstarted& j) noexcept {
  if (j.stack_kib == 0) [[likely]] {
    run(j);
    return;
  }
  fiber* f = nullptr;
  try {
    stack_pool& wanted = stack_pool::of(std::size_t{j.stack_kib} * 1024);
    if (&wanted == &home.stacks) {
      run(j);
      return;
    }
    f = acquire_fiber(wanted);
  } catch (std::bad_alloc const&) {
  }
  if (f == nullptr) {
    starve_for(j);
    return;
  }
  for_other_stacks_.since = 0;
  settle_in(*f);
  handed_over_ = &j;
  switch_to(*f, after::recycle);
}

[[gnu::always_inline]] inline void worker::switch_now(fiber& to) noexcept {
  void* const left = switch_context(*previous_, to, &loop);
  current()->settle(left);
}

// A function of its own that is jumped to: so nothing has to be kept for what is done here by those that are not measured.
[[gnu::noinline, gnu::cold]] void worker::switch_measured(fiber& to, std::uint64_t n) noexcept {
  samples.switches(n, to);
  switch_now(to);
}

inline void worker::switch_to(fiber& to, after what) noexcept {
  fiber& self = running();
  if (suspends_ != nullptr && what != after::nothing && what != after::recycle) [[unlikely]] suspends_(self);
  self.exceptions = *exceptions;
  self.saved_errno = *errno_;
  previous_ = &self;
  after_ = what;
  running_.store(&to, std::memory_order_relaxed);
  auto const n = switches.add();
  if (samples.wants_switch(n, to)) [[unlikely]] {
    switch_measured(to, n);
  } else {
    switch_now(to);
  }
}

// On the new context: only now is the old one's saved, so only now may others get to see it.
void worker::settle(void* left) noexcept {
  fiber* const prev = previous_;
  prev->context.store(left, std::memory_order_relaxed);
  if (recording()) [[unlikely]] record_switch(*prev, running(), after_ == after::park);
  *exceptions = running().exceptions;
  *errno_ = running().saved_errno;
  switch (after_) {
    case after::nothing: break;
    case after::park:
      if (!prev->memory.guarded && !canary_intact(prev->memory)) report_overrun(*prev);
      if (!prev->commit_park()) push_ready(prev, false);
      break;
    case after::yield:
#ifndef NDEBUG
      push_ready(prev, false);  // which migrates at random
#else
      if (!ring_.push(prev)) home.injected.push(prev);  // there is no more to do than before: nobody is woken
#endif
      break;
    case after::visit:
      if (fiber* const displaced = slot_.exchange(prev, std::memory_order_acq_rel)) push_ready(displaced, false);
      break;
    case after::recycle: recycle(prev); break;
  }
}

void worker::recycle(fiber* f) noexcept {
  if (f->stacks == &home.stacks && spares_.size() < spare_limit) {
    spares_.push_back(f);
  } else {
    release_fiber(f);
    home.stacks_freed.fetch_add(1, std::memory_order_relaxed);
  }
}

void worker::settle_in(fiber& f) noexcept {
  f.home = &home;
  f.inline_limit = f.memory.base + home.options.stack_size;
}

bool worker::have_spares(std::size_t n) noexcept {
  while (spares_.size() < n) {
    fiber* const f = acquire_fiber(home.stacks);
    if (f == nullptr) return false;
    settle_in(*f);
    spares_.push_back(f);
  }
  return true;
}

fiber& worker::take_spare() noexcept {
  fiber& f = *spares_.back();
  spares_.pop_back();
  return f;
}

// A job is started on a fresh fiber only while another spare stays in hand: so suspending never fails.
[[gnu::always_inline]] inline void worker::go_to(work x, after what) noexcept {
  if (x.ready != nullptr) {
    switch_to(*x.ready, what);
  } else {
    handed_over_ = x.start;
    switch_to(take_spare(), what);
  }
}

void worker::leave_for(work x, after what) noexcept {
  profiling_waits() && what == after::park ? park_profiled(x) : go_to(x, what);
}

[[gnu::noinline, gnu::cold]] void worker::park_profiled(work x) noexcept {
  profiled_wait const here(running());
  go_to(x, after::park);
}

void worker::prepare_park(std::int64_t until) noexcept {
  parks.add();
  fiber& self = running();
  self.since.store(coarse_now, std::memory_order_relaxed);
  self.parks.store(self.parks.load(std::memory_order_relaxed) + 1, std::memory_order_release);  // pairs with inspection
  if (until != INT64_MAX) {
    timers.add();
    wheel.arm(self.timer, until);
    home.earlier_timer(until);
  }
}

void worker::park(std::int64_t until) noexcept {
  prepare_park(until);
  leave_for(find_local(have_spares(2)), after::park);
}

void worker::yield() noexcept {
  // Nothing but ready fibers here: the next one's turn. All else is find_local's business. One tick for both.
  bool const look_outside = tick();
  if (!look_outside && slot() == nullptr && deque.empty() && wheel.next() == INT64_MAX && (visiting_ | overflow_turns_) == 0 &&
      !simulated) {
    if (fiber* const f = alone_ ? ring_.pop_alone() : ring_.pop()) {
      switch_to(*f, after::yield);
      return;
    }
  }
  work const x = find_local(have_spares(2), look_outside);
  if (x || dismissed()) leave_for(x, after::yield);
}

// The clock is read by those who ask, not at every switch.
bool worker::slice_is_over(std::int64_t ns) noexcept {
  coarse_now = home.now();
  if (switches.get() != slice_switches_) {
    slice_switches_ = switches.get();
    slice_began_ = coarse_now;
  }
  return coarse_now - slice_began_ >= ns;
}

void worker::visit() noexcept {
  coarse_now = home.now();
  if (visiting_ != 0 || simulated) return;
  run_timers();
  poll_in_passing();
  if (ring_.empty() && home.injected.empty()) return;
  visiting_ = 8;
  if (work const x = find_local(have_spares(2))) {
    leave_for(x, after::visit);
  } else {
    visiting_ = 0;
  }
}

void worker::run_on_fresh_fiber(unstarted& j, std::int64_t until) noexcept {
  fiber& self = running();
  prepare_park(until);
  leave_for({nullptr, &j}, after::park);
  if (until != INT64_MAX) current()->disarm(self);
}

// Dead entries go; if the deque is full all the same it grows.
void worker::tidy() {
  if (trim_) {
    trim_ = false;
    trim_tombstones(deque, [this](unstarted& dead) { home.options.hooks->bury(dead); });
  }
  if (!deque.room()) {
    // Once around the queue, order kept: what joiners have claimed in place goes.
    for (auto n = deque.size(); n != 0; --n) {
      bool lost = false;
      unstarted* const x = deque.take(lost);
      if (x == nullptr) continue;
      if (x->unclaimed()) {
        deque.push(x);
      } else {
        home.options.hooks->bury(*x);
      }
    }
    if (!deque.room()) deque.grow();
  }
}

[[gnu::always_inline]] inline void worker::push_now(fiber* f, bool soon) noexcept {
#ifndef NDEBUG
  if ((wakes.get() & 1) != 0 && home.options.world == nullptr) {  // debug builds migrate at every other wake
    home.injected.push(f);
    notify();
    return;
  }
#endif
  if (soon && visiting_ == 0) {
    f = slot_.exchange(f, std::memory_order_acq_rel);
    if (f == nullptr) {
      // A push into an empty slot wakes nobody; the monitor sees it when we do not get to it.
      return;
    }
  }
  if (!ring_.push(f)) home.injected.push(f);
  notify();
}

// As switch_measured().
[[gnu::noinline, gnu::cold]] void worker::push_measured(fiber* f, bool soon) noexcept {
  samples.ready(f->ready_since);
  push_now(f, soon);
}

void worker::push_ready(fiber* f, bool soon) noexcept {
  wakes.add();
  if (samples.wants_ready()) [[unlikely]] {
    push_measured(f, soon);
  } else {
    push_now(f, soon);
  }
}

}  // namespace weft::detail
