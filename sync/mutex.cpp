// mutex, fair_mutex.
//
//   word_  holder's block (null: a plain thread) | woken | held | waiting: the list is not empty | locked
// Locking is one CAS from 0, unlocking one CAS to 0. With somebody in line, unlock() either hands over (`held` stays, the
// name changes), or lets go and wakes the oldest, which stays in line where it is and tries: running lockers may be faster.
// Invariants
//   M1  While nobody holds it and somebody waits, `woken` is set: the oldest has been kicked, or is about to be, and will look.
//       Who looks and finds it held clears `woken`, so the next unlock() kicks again. Only the oldest takes it in this way.
//   M2  `woken` speaks of the oldest in line: who leaves as the oldest clears it, and kicks the next if nobody holds it.
//   M3  With no patience (fair_mutex) it is always handed over: `woken` is never set, and nobody in line means nobody passes.
//   M4  The store or CAS that unlocks is unlock()'s last touch; who is called or kicked is so after it. The kicked one
//       is in lock() until it has taken it or left, so the parker is all that is needed of it.
//   M5  looked_ and skip_ belong to the holder: written before he unlocks.
// Orders: unlocking (release; the stores too) pairs with taking (acquire). A handed-over lock: call() pairs with is_called().
//   look() reads the word relaxed: whoever sets `woken` kicks after his store, and the kick's acquire comes before the look;
//   a look that was too early is followed by that kick.
#include <weft/mutex.hpp>

#include <cstddef>

#include "runtime/waiting.hpp"
#include <weft/detail/core.hpp>
#include <weft/errors.hpp>

namespace weft::detail {
namespace {

// Reading the clock costs more than a short critical section: after two looks in so short a time the next few are left out.
constexpr std::int64_t short_time = 8'000;  // ns
constexpr std::uint32_t looks_left_out = 15;

future_core* holder_in(std::uint64_t word) noexcept { return reinterpret_cast<future_core*>(word & ~std::uint64_t{15}); }

}  // namespace

struct basic_mutex::waiter : in_line {
  waiter(std::uint64_t m, bool timed) noexcept : mine(m), since(timed ? now_ns() : 0) {}
  std::uint64_t const mine;
  std::int64_t const since;
};

bool basic_mutex::take(std::uint64_t mine) noexcept {
  backoff wait;
  for (auto w = word_.load(std::memory_order_relaxed); (w & held_bit) == 0;) {
    if ((w & word_locked) != 0) {
      wait.pause();
      w = word_.load(std::memory_order_relaxed);
    } else if (word_.compare_exchange_weak(w, w | mine, std::memory_order_acquire, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

bool basic_mutex::try_lock() noexcept { return take(held_by(current_core())); }

std::uint64_t basic_mutex::holder() const noexcept {
  static_assert(offsetof(basic_mutex, word_) == 0 && held_bit == 4, "tools/weft-gdb.py looks for the holder there");
  auto const* const c = holder_in(word_.load(std::memory_order_acquire));
  return c != nullptr ? c->id.load(std::memory_order_relaxed) : 0;
}

// Who has been handed the lock waits no more, though he has not gone on yet.
void basic_mutex::tell_holder(void* thing, parker const& waits, holders& h) {
  auto& m = *static_cast<basic_mutex*>(thing);
  future_core* const c = holder_in(m.word_.load(std::memory_order_acquire));
  if (c == nullptr) return;
  if (c->where.load(std::memory_order_acquire) == &waits) {
    auto const w = lock_word(m.word_);
    bool const in_line = m.waiters_.contains(waits);
    m.word_.store(w, std::memory_order_release);
    if (!in_line) return;
  }
  h.tasks.push_back(c);
}
bool const basic_mutex::inspected_ = inspected_by(awaited::mutex, &basic_mutex::tell_holder);

bool basic_mutex::lock_slowly(std::uint64_t mine, std::int64_t until) {
  for (;;) {
    if (take(mine)) return true;
    waiter me(mine, patience_ != 0);
    auto const w = lock_word(word_);
    if ((w & held_bit) == 0) {
      word_.store(w | mine, std::memory_order_release);
      return true;
    }
    waiters_.push_back(me);
    word_.store(w | waiting_bit, std::memory_order_release);
    auto const end = wait_until(*me.who, current_core(), {awaited::mutex, this}, until, true, [&] { return look(me); });
    if (end == wait_end::over || !leave(me)) return true;
    if (end == wait_end::late) return false;
    (void)checkpoint();
  }
}

// True: it is ours, handed over or taken.
bool basic_mutex::look(waiter& me) noexcept {
  if (me.is_called()) return true;
  if ((word_.load(std::memory_order_relaxed) & (held_bit | woken_bit)) == held_bit) return false;
  auto w = lock_word(word_);
  bool taken = false;
  if (me.linked && &waiters_.front() == &me) {
    w &= ~woken_bit;
    if ((w & held_bit) == 0) {
      taken = true;
      waiters_.remove(me);
      w = me.mine | (waiters_.empty() ? 0 : waiting_bit);
    }
  }
  word_.store(w, std::memory_order_release);
  return taken;
}

// False: it is too late to leave, it has been handed over.
bool basic_mutex::leave(waiter& me) noexcept {
  auto const w = lock_word(word_);
  if (!me.linked) {
    word_.store(w, std::memory_order_release);
    me.wait_for_call();
    return false;
  }
  bool const oldest = &waiters_.front() == &me;
  waiters_.remove(me);
  auto const rest = waiters_.empty() ? w & ~(waiting_bit | woken_bit) : oldest ? w & ~woken_bit : w;
  if ((rest & held_bit) == 0) {
    unlock_word_and_wake(rest);
  } else {
    word_.store(rest, std::memory_order_release);
  }
  return true;
}

// Under the lock, nobody holds it: the oldest shall try, unless it has been told so already.
void basic_mutex::unlock_word_and_wake(std::uint64_t rest) noexcept {
  parker* const who = waiters_.empty() || (rest & woken_bit) != 0 ? nullptr : waiters_.front().who;
  word_.store(who != nullptr ? rest | woken_bit : rest, std::memory_order_release);
  if (who != nullptr) kick(*who, false);
}

void basic_mutex::unlock_slowly() {
  auto w = word_.load(std::memory_order_relaxed);
  bool const skip = (w & held_bit) != 0 && skip_ != 0;
  if (skip) --skip_;
  while ((w & (held_bit | word_locked)) == held_bit && ((w & waiting_bit) == 0 || (skip && (w & woken_bit) != 0))) {
    if (word_.compare_exchange_weak(w, w & (waiting_bit | woken_bit), std::memory_order_release, std::memory_order_relaxed))
      return;
  }
  w = lock_word(word_);
  if ((w & held_bit) == 0) {
    word_.store(w, std::memory_order_release);
    throw invalid_state_error("weft: unlock() of a mutex that is not locked");
  }
  if (waiters_.empty() || !is_due(waiters_.front())) {
    unlock_word_and_wake(w & (waiting_bit | woken_bit));
    return;
  }
  waiter& next = waiters_.pop_front();
  word_.store(next.mine | (waiters_.empty() ? 0 : waiting_bit), std::memory_order_release);
  next.call(false);
}

bool basic_mutex::is_due(waiter const& oldest) noexcept {
  if (patience_ == 0) return true;
  auto const now = now_ns();
  skip_ = now - looked_ < short_time ? looks_left_out : 0;
  looked_ = now;
  return now - oldest.since >= patience_;
}

}  // namespace weft::detail
