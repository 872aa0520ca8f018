// event.
//
//   word_  locked | waiting: the list is not empty | set
// set() without waiters is one CAS. With waiters: under the lock all are claimed, however late they run; the store that sets
// the flag and unlocks is the last touch, since whoever sees the flag may destroy the event; then they are published.
// Orders: the store or CAS that sets (release) pairs with the loads of is_set() and wait() (acquire).
#include <weft/event.hpp>

namespace weft {

void event::set() noexcept {
  auto w = word_.load(std::memory_order_relaxed);
  while ((w & (detail::word_locked | waiting_bit)) == 0) {
    if (word_.compare_exchange_weak(w, w | is_set_bit, std::memory_order_release, std::memory_order_relaxed))
      return;
  }
  (void)detail::lock_word(word_);
  detail::handed all;
  while (!waiters_.empty()) (void)all.claim(waiters_.pop_front());
  word_.store(is_set_bit, std::memory_order_release);
  all.publish(true);
}

void event::reset() noexcept {
  auto const w = detail::lock_word(word_);
  word_.store(w & ~is_set_bit, std::memory_order_release);
}

bool event::wait_ns(std::int64_t until, detail::awaited::kind as) {
  for (;;) {
    detail::checkpoint();
    if (is_set()) return true;
    detail::waiter me;
    auto w = detail::lock_word(word_);
    if ((w & is_set_bit) != 0) {
      word_.store(w, std::memory_order_release);
      me.withdraw();
      return true;
    }
    waiters_.push_back(me);
    word_.store(w | waiting_bit, std::memory_order_release);
    auto const end = me.wait({as, this}, until);
    if (end == detail::wait_end::over) return true;
    leave(me);
    if (end == detail::wait_end::late) return false;
  }
}

void event::leave(detail::waiter& me) noexcept {
  auto const w = detail::lock_word(word_);
  waiters_.remove(me);
  word_.store(waiters_.empty() ? w & ~waiting_bit : w, std::memory_order_release);
}

}  // namespace weft
