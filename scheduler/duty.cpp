// Stand-ins: how a worker that was called while others were stuck goes off duty, and comes back.
#include <cstdint>
#include <utility>

#include "scheduler/futex.hpp"
#include "scheduler/scheduler.hpp"

namespace weft::detail {

std::optional<worker::thread_identity> worker::thread() const noexcept {
  auto const id = thread_id_.load(std::memory_order_acquire);
  if (id == 0) return std::nullopt;
  return thread_identity{id, thread_handle_.load(std::memory_order_relaxed), thread_time_.load(std::memory_order_relaxed)};
}

std::chrono::nanoseconds worker::thread_identity::cpu_used() const noexcept {
  timespec t{};
  return ::clock_gettime(cpu_time, &t) == 0 ? std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec} : std::chrono::nanoseconds{0};
}

// The monitor's: only it dismisses and recalls, until the scheduler stops. Who is about to sleep is either found among the sleepers,
// or takes their lock after us and then sees it.
bool worker::dismiss() noexcept {
  auto working = on;
  if (!duty_.compare_exchange_strong(working, dismissed_, std::memory_order_relaxed)) return false;
  home.idle.wake(*this);
  return true;
}

bool worker::recall() noexcept {
  auto const was = duty_.exchange(on, std::memory_order_seq_cst);
  if (was == off) futex_wake_one(&duty_);
  return was != on;
}

// To where all the others look. Armed timers stay: those are fired by whoever looks.
bool worker::spill(std::size_t most) noexcept {
  if (alone_) return false;
  std::size_t n = 0;
  if (fiber* const f = give_slot()) home.injected.push(f), ++n;
  for (fiber* f = nullptr; n < most && (f = ring_.pop()) != nullptr; ++n) home.injected.push(f);
  while (n < most) {
    bool lost = false;
    unstarted* const j = deque.take(lost);
    if (j == nullptr && !lost) break;
    if (j == nullptr) continue;
    if (j->unclaimed()) {
      home.injected.push(j);
      ++n;
    } else {
      home.options.hooks->bury(*j);
    }
  }
  return n != 0;
}

// In the loop: no task is on this fiber.
void worker::stand_down() noexcept {
  (void)spill(SIZE_MAX);
  visiting_ = 0;
  overflow_turns_ = 0;
  auto leaving = dismissed_;
  if (!duty_.compare_exchange_strong(leaving, off, std::memory_order_seq_cst)) {  // recalled
    home.idle.notify();  // somebody may have looked while a fiber was on its way
    return;
  }
  // Who searched, or kept the time, hands that on: somebody else looks at everything once more.
  if (std::exchange(searching_, false)) home.idle.end_search(false);
  hand_role_on_ = false;
  home.idle.wake_one_more();
  while (duty_.load(std::memory_order_seq_cst) == off) futex_wait(&duty_, off);
  coarse_now = home.now();
}

}  // namespace weft::detail
