// How a worker finds work, and how it sleeps when there is none. The sleeping protocol: idle.hpp.
//
// Order: timers that are due; every 64th time what came from outside; the slot, at most 3 times in a row; then the
// ring's front and the deque's oldest, taking turns (a chain of spawns and a woken fiber share the worker); what came
// from outside; other workers. What overflowed the ring gets turns in proportion: see turns_of_overflow(). Rejected: newest first from the deque (starves old work under overload; a joiner takes
// its child from the bottom by itself).
#include <algorithm>
#include <chrono>
#include <utility>

#include "scheduler/fence.hpp"
#include "scheduler/futex.hpp"
#include "scheduler/monitor.hpp"
#include "scheduler/recording.hpp"
#include "scheduler/scheduler.hpp"
#include "scheduler/xorshift.hpp"

namespace weft::detail {
namespace {

constexpr std::int64_t stale_slot = 50'000;        // ns: younger ones are about to be run by their worker
constexpr std::int64_t short_nap = 1'000'000;      // ns
constexpr std::int64_t starving_limit = 1'000'000'000;
constexpr std::int64_t poll_period = 20'000;       // ns between looks at descriptors while there is something to run,
constexpr std::int64_t late_poll_period = 1'000'000;  // or plenty of it
constexpr std::size_t plenty = std::min<std::size_t>(64, ring_capacity / 4);  // entries of a ring
constexpr int search_passes = 4;

std::int64_t steady_now() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

void nap() noexcept {
  std::uint32_t never_changes = 0;
  futex_wait(&never_changes, 0, steady_now() + short_nap);
}

void pause_briefly() noexcept {
  backoff b;
  for (int i = 0; i != 32; ++i) b.pause();
}

}  // namespace

work worker::checked(unstarted* j) noexcept {
  if (j->claim()) return {nullptr, j};
  home.options.hooks->bury(*j);
  return {};
}

work worker::find_oldest() noexcept {
  for (;;) {
    bool lost = false;
    unstarted* const j = deque.take(lost);
    if (j == nullptr && !lost) return {};
    if (j == nullptr) continue;
    if (work const x = checked(j)) return x;
  }
}

work worker::find_local(bool start, bool look_outside) noexcept {
  if (simulated) return find_simulated();
  auto const from_outside = [&]() noexcept -> work {
    for (;;) {
      work const x = home.injected.pop(start);
      if (x.start == nullptr) return x;
      if (work const y = checked(x.start)) return y;
    }
  };
  if (visiting_ != 0) {
    --visiting_;
    if (fiber* const f = ring_.pop()) return {f, nullptr};
    if (work const x = from_outside()) return x;
    visiting_ = 0;
  }
  run_timers();
  if (look_outside) {
    if (dismissed()) return {};
    coarse_now = home.now();
    if (recording()) [[unlikely]] note_queues();
    poll_in_passing();
    for (auto& w : home.workers()) w->wheel.next() <= coarse_now ? w->fire_due(coarse_now) : void();
    if (ticks.get() - overflow_ended_ >= visit_period) overflow_turns_ = turns_of_overflow();
    if (work const x = from_outside()) return x;
  }
  if (overflow_turns_ != 0) [[unlikely]] {
    work const x = home.injected.pop(false);
    overflow_turns_ = x ? overflow_turns_ - 1 : 0;
    overflow_ended_ = ticks.get();
    if (x) return x;
  }
  if (slots_in_a_row_ < 3 && slot() != nullptr) {
    if (fiber* const f = give_slot()) {
      ++slots_in_a_row_;
      return {f, nullptr};
    }
  }
  slots_in_a_row_ = 0;
  ring_first_ = !ring_first_;
  for (int turn = 0; turn != 2; ++turn) {
    if (ring_first_ == (turn == 0)) {
      if (fiber* const f = ring_.pop()) return {f, nullptr};
    } else if (start) {
      if (work const x = find_oldest()) return x;
    }
  }
  if (slot() != nullptr) {
    if (fiber* const f = give_slot()) return {f, nullptr};
  }
  return from_outside();
}

// A full ring is topped up for ever by its own fibers (they yield, or wake each other). So now and then the overflow has its
// share of turns, by its length and the ring's: all go round at about the same speed. Those turns are ticks, too: the next
// share comes when ring and deque have had a whole period of their own, whatever the numbers.
std::size_t worker::turns_of_overflow() const noexcept {
  auto const n = home.injected.ready();
  return std::min(n, n * visit_period / (ring_capacity * home.workers().size()));
}

void worker::bury_dead() noexcept {
  for (bool lost = false; unstarted* const j = deque.take(lost);) home.options.hooks->bury(*j);
  for (work const& x : simulated_) home.options.hooks->bury(*x.start);
  simulated_.clear();
}

work worker::find_simulated() noexcept {
  if (home.options.world->over()) {
    home.stopping.store(true, std::memory_order_relaxed);
    return {};
  }
  run_timers();
  if (fiber* const f = give_slot()) simulated_.push_back({f, nullptr});
  while (fiber* const f = ring_.pop()) simulated_.push_back({f, nullptr});
  bool lost = false;
  while (unstarted* const j = deque.take(lost)) simulated_.push_back({nullptr, j});
  while (work const x = home.injected.pop(true)) simulated_.push_back(x);
  while (!simulated_.empty()) {
    auto const i = home.options.world->choose(simulated_.size());
    work const x = simulated_[i];
    simulated_[i] = simulated_.back();
    simulated_.pop_back();
    if (x.ready != nullptr) return x;
    if (work const y = checked(x.start)) return y;
  }
  return {};
}

work worker::find() noexcept {
  if (dismissed()) stand_down();
  bool const start = have_spares(1);
  work x = find_local(start);
  if (!x && simulated) return {};
  if (!x && home.keeper_worker.load(std::memory_order_relaxed) == nullptr) {  // else that one gets it
    if (idle_driver* const d = home.driver(); d != nullptr && d->poll()) x = find_local(start);
  }
  if (x) {
    if (start) for_usual_stacks_.since = 0;
    if (searching_) {
      searching_ = false;
      home.idle.end_search(true);
    }
  } else if (!start) {
    starve();
  } else if (searching_ || home.idle.begin_search()) {
    searching_ = true;
    x = search();
    searching_ = false;
    home.idle.end_search(static_cast<bool>(x));
  }
  // Who kept the time does not, while it runs something: another one shall. Whoever searches will, or finds something, too.
  if (x && std::exchange(hand_role_on_, false)) home.idle.notify();
  return x;
}

work worker::search() noexcept {
  for (int pass = 0; pass != search_passes; ++pass) {
    if (work const x = steal()) return x;
    if (alone_) return {};
    pause_briefly();
  }
  // Last: slots whose worker has not moved for a while.
  auto const now = steady_now();
  auto const all = home.workers();
  for (auto const& victim : all) {
    if (victim.get() == this) continue;
    suspect const seen{victim->slot(), victim->ticks.get(), now};
    suspect& known = suspects_[victim->index];
    if (seen.who == nullptr || seen.who != known.who || seen.ticks != known.ticks) {
      known = seen;
    } else if (now - known.since >= stale_slot) {
      if (fiber* const f = victim->give_slot()) {
        steals.add();
        return {f, nullptr};
      }
    }
  }
  return {};
}

work worker::steal() noexcept {
  auto const all = home.workers();
  auto const offset = xorshift(random_) % all.size();
  auto const now = home.now();
  for (std::size_t i = 0; i != all.size(); ++i) {
    worker& victim = *all[(i + offset) % all.size()];
    if (victim.wheel.next() <= now) victim.wheel.try_run(now, [this](timer_entry& e) { fire(e); });
    if (&victim == this) continue;
    if (work const x = victim.give(*this)) {
      steals.add();
      return x;
    }
  }
  return find_local(true);  // what the timers have woken, what came from outside meanwhile
}

work worker::give(worker& thief) noexcept {
  if (fiber* const f = ring_.steal_half(thief.ring_)) return {f, nullptr};
  bool lost = false;
  if (unstarted* const j = deque.take(lost)) return thief.checked(j);
  return {};
}

void worker::fire(timer_entry& e) noexcept {
  auto* const f = reinterpret_cast<fiber*>(reinterpret_cast<char*>(&e) - fiber::timer_offset());
  if (!f->kick()) return;
  if (recording()) [[unlikely]] record_wake(*f, woken_by::timer);
  f->home->make_ready(*f, false);
}

void worker::fire_due(std::int64_t now) noexcept {
  wheel.run(now, [this](timer_entry& e) { fire(e); });
}

// Others wait for descriptors while this one is busy: not more than every so often, it is a call of the kernel. Seldom while
// the ring is long: what is fetched early only waits here instead of there, and what has no room here waits longest.
void worker::poll_in_passing() noexcept {
  idle_driver* const d = home.driver();
  if (d == nullptr || coarse_now - polled_ < (ring_.size() < plenty ? poll_period : late_poll_period)) return;
  polled_ = coarse_now;
  if (recording()) [[unlikely]] {
    poll_as_worker(*d);
  } else {
    (void)d->poll();
  }
}

// Whom it wakes no task has woken, though one runs.
[[gnu::noinline, gnu::cold]] void worker::poll_as_worker(idle_driver& d) noexcept {
  worker_acts const marked;
  (void)d.poll();
}

[[gnu::noinline, gnu::cold]] void worker::note_queues() const noexcept {
  record(happened::queues, deque.size(), ring_.size());
}

void worker::run_timers() noexcept {
  if (wheel.next() == INT64_MAX) return;
  coarse_now = home.now();
  if (wheel.next() <= coarse_now) fire_due(coarse_now);
}

// True once: no stack has come free anywhere for a second.
bool worker::exhausted(patience& p) noexcept {
  auto const now = steady_now();
  auto const freed = home.stacks_freed.load(std::memory_order_relaxed);
  if (p.since == 0 || freed != p.freed_seen) {
    p = {now, freed};
    return false;
  }
  if (now - p.since < starving_limit) return false;
  p.since = 0;
  return true;
}

// No stack to start on: ready fibers only, until one comes free; at worst the oldest job fails.
void worker::starve() noexcept {
  if (exhausted(for_usual_stacks_)) {
    work x = find_oldest();
    if (!x) {
      x = home.injected.pop(true);
      if (x.start != nullptr) x = checked(x.start);
    }
    if (x.ready != nullptr) push_ready(x.ready, false);
    if (x.start != nullptr) home.options.hooks->fail(*x.start);
  }
  nap();
}

// The same for a job that wants a stack of another size. It goes to the back of the queue, unclaimed again: nobody acts
// on a claim but its claimer.
void worker::starve_for(unstarted& j) noexcept {
  if (exhausted(for_other_stacks_)) {
    home.options.hooks->fail(j);
    return;
  }
  j.set_state(job_state::queued);
  home.injected.push(&j);
  if (!has_visible_work()) nap();
}

void worker::wake_up() noexcept {
  asleep_.store(awake, std::memory_order_seq_cst);  // then look who keeps the time; pairs with keep_time()
  futex_wake_one(&asleep_);
  if (home.keeper_worker.load(std::memory_order_seq_cst) == this) {
    if (idle_driver* const d = home.driver()) d->wake();
  }
}

void worker::look_again() noexcept {
  auto expected = sleeping;
  if (asleep_.compare_exchange_strong(expected, recheck, std::memory_order_seq_cst)) {
    futex_wake_one(&asleep_);
    if (idle_driver* const d = home.driver()) d->wake();
  }
}

void worker::sleep() noexcept {
  if (home.options.world != nullptr) {
    auto& world = *home.options.world;
    if (auto const next = wheel.next(); next != INT64_MAX) {
      world.now = std::max(world.now, next);
    } else if (!home.stopping.load(std::memory_order_acquire)) {
      world.stuck();
    }
    return;
  }
  if (!have_spares(1)) return;
  if (recording()) [[unlikely]] note_queues();
  home.idle.enter(*this);
  heavy_fence();  // pairs with light_fence in notify(): the last look comes after being counted
  bool work_left = home.stopping.load(std::memory_order_seq_cst) || dismissed() || !home.injected.empty() || slot() != nullptr;
  for (auto& w : home.workers()) work_left = work_left || w->has_visible_work();
  if (!work_left) {
    if (!home.keeper.exchange(true, std::memory_order_seq_cst)) {
      keep_time();
    } else {
      while (asleep_.load(std::memory_order_acquire) != awake) futex_wait(&asleep_, sleeping);
    }
  }
  if (!home.idle.leave(*this)) {
    while (asleep_.load(std::memory_order_acquire) != awake) futex_wait(&asleep_, sleeping);
    searching_ = true;  // whoever popped us counted us as a searcher
  }
  asleep_.store(awake, std::memory_order_relaxed);
  monitor::stir();
  coarse_now = home.now();
  if (arrived_.count != 0) home.driver()->deliver(arrived_);
}

// The one idle worker that sleeps until the next timer, in the I/O driver if there is one.
void worker::keep_time() noexcept {
  home.keeper_worker.store(this, std::memory_order_seq_cst);
  for (;;) {
    auto const until = home.next_timer();
    home.keeper_until.store(until, std::memory_order_seq_cst);
    if (home.next_timer() < until) continue;  // armed meanwhile: pairs with earlier_timer()
    // The driver first: whoever wakes us after the look at asleep_ sees that driver, too.
    if (idle_driver* const d = home.driver(); d == nullptr) {
      futex_wait(&asleep_, sleeping, until);
    } else if (asleep_.load(std::memory_order_seq_cst) == sleeping) {
      d->wait(until, arrived_);
    }
    auto was = recheck;
    bool const again = asleep_.compare_exchange_strong(was, sleeping, std::memory_order_seq_cst);
    if (!again || arrived_.count != 0 || until <= steady_now()) break;
  }
  home.keeper_until.store(INT64_MAX, std::memory_order_seq_cst);
  home.keeper_worker.store(nullptr, std::memory_order_seq_cst);
  home.keeper.store(false, std::memory_order_seq_cst);
  hand_role_on_ = home.driver() != nullptr || home.next_timer() != INT64_MAX;
}

}  // namespace weft::detail
