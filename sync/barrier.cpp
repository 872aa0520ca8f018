// barrier.
//
//   word_  how many are in line | broken | locked
// Invariants
//   B1  Fewer than parties_ are in line. The last one to come takes all out under one lock, numbers them, and goes on; all
//       were in line at that moment, and nobody leaves but under the lock, so the round was really complete.
//   B2  Taken out is served: who would leave finds itself unlinked and waits for the call, which is under way.
//   B3  Nobody is in line while it is broken.
// The next round begins with the store that unlocks: whoever comes then is in a new list, though the last round's are still
// being called. So nobody has to wait until a round has drained.
// Orders: the lock (acquire, release) orders the arrivals with the last one, the call (in_line.hpp) that one with all.
#include <stdexcept>
#include <string>

#include <weft/barrier.hpp>

namespace weft {

barrier::barrier(std::ptrdiff_t parties) : parties_(static_cast<std::size_t>(parties)) {
  if (parties < 1 || parties > PTRDIFF_MAX >> shift) {
    throw std::invalid_argument("weft: a barrier cannot be one of " + std::to_string(parties));
  }
}

std::optional<std::size_t> barrier::arrive(std::int64_t until) {
  for (;;) {
    (void)detail::checkpoint();
    waiter me;
    auto const w = detail::lock_word(word_);
    if ((w & broken_bit) != 0) {
      word_.store(w, std::memory_order_release);
      throw broken_barrier_error("weft: the barrier has been aborted");
    }
    auto const before = static_cast<std::size_t>(w >> shift);
    if (before + 1 == parties_) {
      detail::called<waiter> all;
      for (std::size_t i = 0; i != before; ++i) {
        waiter& other = waiters_.pop_front();
        other.index = i;
        all.add(other);
      }
      word_.store(0, std::memory_order_release);
      all.call(false);
      return before;
    }
    waiters_.push_back(me);
    word_.store(w + one, std::memory_order_release);
    auto const end = me.wait({detail::awaited::barrier, this}, until);
    if (end == detail::wait_end::over || !leave(me)) {
      if (!me.index) throw broken_barrier_error("weft: the barrier was reset or aborted");
      return me.index;
    }
    if (end == detail::wait_end::late) return std::nullopt;
  }
}

// False: it is too late to leave.
bool barrier::leave(waiter& me) noexcept {
  auto const w = detail::lock_word(word_);
  bool const left = me.linked;
  waiters_.remove(me);
  word_.store(left ? w - one : w, std::memory_order_release);
  if (!left) me.wait_for_call();
  return left;
}

void barrier::break_round(bool for_good) noexcept {
  (void)detail::lock_word(word_);
  detail::called<waiter> all;
  while (!waiters_.empty()) all.add(waiters_.pop_front());
  word_.store(for_good ? broken_bit : 0, std::memory_order_release);
  all.call(false);
}

}  // namespace weft
