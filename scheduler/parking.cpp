// Fibers leave their worker to others; threads sleep on the parker's own word. One protocol.
#include <weft/detail/parking.hpp>

#include <chrono>
#include <mutex>

#include <time.h>
#include <unistd.h>

#include "scheduler/futex.hpp"
#include "scheduler/recording.hpp"
#include "scheduler/scheduler.hpp"
#include "scheduler/thread_parker.hpp"

namespace weft::detail {
namespace {

std::mutex lock;
thread_parker* unused = nullptr;

struct held_parker {
  thread_parker* mine;
  held_parker() {
    std::lock_guard guard{lock};
    mine = unused;
    if (mine != nullptr) {
      unused = mine->next;
    } else {
      mine = new thread_parker;
    }
    mine->thread = ::gettid();
  }
  ~held_parker() {
    std::lock_guard guard{lock};
    mine->next = unused;
    unused = mine;
  }
};

[[gnu::noinline]] parker& thread_parker_here() noexcept {
  thread_local held_parker held;
  return *held.mine;
}

// The low half of the word, where `parked` is.
void* futex_word(parker& p) noexcept { return &p.word(); }

void park_thread(parker& self, std::int64_t until) noexcept {
  if (!self.commit_park()) return;
  for (;;) {
    auto const w = self.word().load(std::memory_order_acquire);
    if ((w & parker::parked_bit) == 0) return;
    futex_wait(futex_word(self), static_cast<std::uint32_t>(w), until);
    if (until != no_limit && now_ns() >= until) {
      (void)self.kick();  // whoever clears `parked`: we are awake
      return;
    }
  }
}

void schedule(parker& p, bool soon) noexcept {
  if (p.what() == parker::kind::fiber) {
    auto& f = static_cast<fiber&>(p);
    if (recording()) [[unlikely]] record_wake(f, woken_by::task);
    f.home->make_ready(f, soon);
  } else {
    futex_wake_one(futex_word(p));
  }
}

}  // namespace

parker& this_parker() noexcept {
  worker* const w = worker::current();
  return w != nullptr ? w->running() : thread_parker_here();
}

void park(parker& self, std::int64_t until) noexcept {
  if (self.what() == parker::kind::thread) {
    park_thread(self, until);
    return;
  }
  worker::current()->park(until);
  if (until != no_limit) worker::current()->disarm(static_cast<fiber&>(self));
}

void kick(parker& p, bool soon) noexcept {
  if (p.kick()) schedule(p, soon);
}

void publish(parker& p, bool soon) noexcept {
  if (p.publish()) schedule(p, soon);
}

std::int64_t now_ns() noexcept {
  worker* const w = worker::current();
  return w != nullptr ? w->home.now() : std::chrono::steady_clock::now().time_since_epoch().count();
}

// The kernel's coarse clock costs a third of the exact one and is behind it by a tick, 10 ms at most: near `at` the exact one says.
bool has_come(std::int64_t at) noexcept {
  worker* const w = worker::current();
  if (w != nullptr && w->simulated) return w->home.now() >= at;
  timespec coarse;
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
  constexpr std::int64_t second = 1'000'000'000, most_behind = 20'000'000;
  return std::int64_t{coarse.tv_sec} * second + coarse.tv_nsec + most_behind >= at && now_ns() >= at;
}

}  // namespace weft::detail
