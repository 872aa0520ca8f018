// Ending a runtime in rounds: cancel all that lives, wait for those, again until none is left. So what a clean-up spawns and
// waits for still runs.
//
// Nobody holds handles here, so a round walks the blocks and cancels by a CAS that compares the block's generation: a block's
// next life is spared, it belongs to the next round. What is cancelled is counted; whoever ends while somebody drains
// takes himself off by an RMW on the same word, so each is counted off exactly once. The asymmetric fence makes sure that
// who did not see `draining` has ended visibly before the walk.
#include "runtime/runtime_core.hpp"
#include "scheduler/fence.hpp"
#include <weft/detail/parking.hpp>

namespace weft::detail {

std::uint64_t runtime_core::live() const noexcept {
  std::uint64_t ended = sched->outside_finished.load(std::memory_order_seq_cst) +
                        sched->outside_failed.load(std::memory_order_seq_cst) +
                        sched->outside_cancelled.load(std::memory_order_seq_cst);
  for (auto const& w : sched->workers()) ended += w->finished.get() + w->failed.get() + w->cancelled.get();
  std::uint64_t spawned = sched->outside_spawned.load(std::memory_order_seq_cst);
  for (auto const& w : sched->workers()) spawned += w->spawned.get();
  return spawned - ended;
}

void runtime_core::ended_outside(job_state s) noexcept {
  auto& n = s == job_state::finished ? sched->outside_finished
            : s == job_state::failed ? sched->outside_failed
                                     : sched->outside_cancelled;
  n.fetch_add(1, std::memory_order_seq_cst);
  if (somebody_drains()) wake_drainers();
}

void runtime_core::leave_round(future_core& c) noexcept {
  auto const before = c.requests.fetch_or(request_ended, std::memory_order_seq_cst);
  if ((before & request_shutdown) != 0) round_pending_.fetch_sub(1, std::memory_order_seq_cst);
}

void runtime_core::wake_drainers() noexcept {
  std::lock_guard guard{drain_lock_};
  for (parker* p : drain_waiters_) kick(*p, false);
}

// First who belongs to it, then the requests: a clean-up that begins at once may spawn what this walk would still meet.
std::size_t runtime_core::cancel_round() {
  auto const each_task = [&](auto&& f) {
    each_core([&](future_core& c, std::uint32_t generation) {
      if (c.rt.load(std::memory_order_acquire) != this || c.kind == core_kind::promise || c.kind == core_kind::callback) return;
      if (c.state() <= job_state::running && !c.has(future_core::inner)) f(c, generation);  // its awaiter is asked
    });
  };
  std::size_t n = 0;
  each_task([&](future_core& c, std::uint32_t generation) {
    round_pending_.fetch_add(1, std::memory_order_seq_cst);
    if (join_round(c, generation)) {
      ++n;
    } else {
      round_pending_.fetch_sub(1, std::memory_order_seq_cst);
    }
  });
  if (n != 0) each_task([](future_core& c, std::uint32_t generation) { (void)cancel_if_in_round(c, generation); });
  return n;
}

void runtime_core::cancel_round_if_over() {
  std::lock_guard guard{round_lock_};
  if (round_pending_.load(std::memory_order_seq_cst) <= 0) (void)cancel_round();
}

void runtime_core::begin_draining() noexcept {
  draining.fetch_add(1, std::memory_order_seq_cst);
  heavy_fence();
}

void runtime_core::end_draining() noexcept { draining.fetch_sub(1, std::memory_order_seq_cst); }

void runtime_core::wait_for_reports() const noexcept {
  for (backoff b; leaving.load(std::memory_order_acquire) != 0;) b.pause();
}

bool runtime_core::drain(std::int64_t until, bool close) {
  checkpoint();
  if (live() == 0 && !close) {
    wait_for_reports();
    return true;
  }
  parker& me = this_parker();
  {
    std::lock_guard guard{drain_lock_};
    drain_waiters_.push_back(&me);
  }
  begin_draining();
  // Now, not at the end: threads that go on spawning could put the end off for ever. What a clean-up spawns is inside.
  // seq_cst with count_outside_spawn(): who spawned before this was seen is counted in live().
  if (close) refusing.store(true, std::memory_order_seq_cst);
  bool ended_in_time = true;
  bool first = true;
  for (;;) {
    if (live() == 0) {
      if (!close || closed.exchange(true, std::memory_order_seq_cst)) break;
      continue;  // a callback posted from outside before `closed` was seen is counted now
    }
    if (until != no_limit && has_come(until) && !first) {
      ended_in_time = false;
      break;
    }
    cancel_round_if_over();
    first = false;
    for (;;) {
      me.clear_kick();
      auto const next = look_outward(current_core());
      if (live() == 0 || (until != no_limit && has_come(until))) break;
      // Nothing left of this round, yet something lives: spawned since, or just ending. Look again soon.
      bool const between_rounds = round_pending_.load(std::memory_order_seq_cst) <= 0;
      park(me, std::min(next, between_rounds ? std::min(until, now_ns() + 1'000'000) : until));
      if (between_rounds) break;
    }
  }
  if (ended_in_time) {  // else `draining` stays, so that who was asked still counts himself out of the open round
    end_draining();
    wait_for_reports();
  }
  std::lock_guard guard{drain_lock_};
  std::erase(drain_waiters_, &me);
  return ended_in_time;
}

}  // namespace weft::detail
