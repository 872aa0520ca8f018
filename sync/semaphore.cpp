// semaphore.
//
//   word_  value | waiting: the list is not empty | locked
// Invariants
//   S1  While somebody waits, nobody takes a permit but by being handed it; so with `waiting` set only the lock's holder
//       changes the word, and the oldest waiter wants more than there are.
//   S2  The store or CAS that gives permits and unlocks is the giver's last touch: who gets them may destroy the semaphore.
//       The claimed are published after it.
//   S3  A permit object is listed from when it has its permits, or just after, until the store that gives them back: so they are
//       all accounted for when what is there and what is listed add up to the initial value, unless somebody adds more than he
//       has taken. Links change under the lock.
// Orders: giving (release; the unlocking store, too) pairs with taking (acquire). Takers that only CAS continue the release
//   sequence of the giver before them.
#include <array>
#include <stdexcept>
#include <string>

#include <weft/errors.hpp>
#include <weft/semaphore.hpp>

namespace weft {

semaphore::semaphore(std::ptrdiff_t initial, std::ptrdiff_t limit) : word_(word(initial)), limit_(limit), initial_(initial) {
  if (initial < 0 || initial > max()) {
    throw std::invalid_argument("weft: a semaphore cannot begin with " + std::to_string(initial) +
                                " permits");
  }
}

void semaphore::throw_bad_count() {
  throw std::invalid_argument("weft: a negative number of permits, or a wait for more than the semaphore can ever have");
}
void semaphore::throw_too_many() {
  throw invalid_state_error("weft: more permits released than the semaphore can have");
}

bool semaphore::take(std::ptrdiff_t n) noexcept {
  detail::backoff wait;
  for (auto w = word_.load(std::memory_order_relaxed);;) {
    if ((w & waiting_bit) != 0 || value(w) < n) return false;
    if ((w & detail::word_locked) != 0) {
      wait.pause();
      w = word_.load(std::memory_order_relaxed);
    } else if (word_.compare_exchange_weak(w, w - word(n), std::memory_order_acquire,
                                           std::memory_order_relaxed)) {
      return true;
    }
  }
}

// Under the lock: hands `value` permits to those who wait, as far as they go; the rest is what there is now.
void semaphore::unlock_and_grant(std::ptrdiff_t value) noexcept {
  detail::handed granted;
  while (!waiters_.empty() && waiters_.front().n <= value) {
    waiter& w = waiters_.pop_front();
    auto const n = w.n;
    if (granted.claim(w)) value -= n;
  }
  word_.store(word(value) | (waiters_.empty() ? 0 : waiting_bit), std::memory_order_release);
  granted.publish(false);
}

bool semaphore::give_to_waiters(std::ptrdiff_t n) noexcept {
  auto const w = detail::lock_word(word_);
  if (limit_ - value(w) < n) {
    word_.store(w, std::memory_order_release);
    return false;
  }
  unlock_and_grant(value(w) + n);
  return true;
}

bool semaphore::wait_for_permits(std::ptrdiff_t n, std::int64_t until) {
  for (;;) {
    waiter me(n);
    auto const w = detail::lock_word(word_);
    if ((w & waiting_bit) == 0 && value(w) >= n) {
      word_.store(w - word(n), std::memory_order_release);
      me.withdraw();
      return true;
    }
    waiters_.push_back(me);
    word_.store(w | waiting_bit, std::memory_order_release);
    auto const end = me.wait({detail::awaited::semaphore, this}, until);
    if (end == detail::wait_end::over) return true;
    leave(me);
    if (end == detail::wait_end::late) return false;
    detail::checkpoint();
  }
}

void semaphore::list(permit& p) noexcept {
  if (p.n_ == 0) return;
  auto const w = detail::lock_word(word_);
  link(p);
  word_.store(w, std::memory_order_release);
}

void semaphore::list_instead(permit& now, permit& before) noexcept {
  if (now.n_ == 0) return;
  auto const w = detail::lock_word(word_);
  unlink(before);
  link(now);
  word_.store(w, std::memory_order_release);
}

bool semaphore::give_back_slowly(permit& p) noexcept {
  if (p.n_ == 0) return true;
  auto const n = p.n_;
  auto const w = detail::lock_word(word_);
  unlink(p);
  if (limit_ - value(w) < n) {
    word_.store(w, std::memory_order_release);
    return false;
  }
  if ((w & waiting_bit) != 0) {
    unlock_and_grant(value(w) + n);
  } else {
    word_.store(w + word(n), std::memory_order_release);
  }
  return true;
}

// Of more permits than that nobody wants to read who has them: then they are unknown.
void semaphore::tell_holders(void* thing, detail::parker const&, detail::holders& h) {
  constexpr std::size_t most = 32;
  std::array<permit const*, most> found;
  std::size_t n = 0;
  std::ptrdiff_t held = 0;
  auto& s = *static_cast<semaphore*>(thing);
  auto const w = detail::lock_word(s.word_);
  for (permit const* p = s.held_; p != nullptr && n != most; p = p->next_) {
    held += p->n_;
    found[n++] = p;
  }
  s.word_.store(w, std::memory_order_release);
  h.any = true;
  h.others = value(w) + held != s.initial_;
  if (!h.others) h.places.assign(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(n));
}
bool const semaphore::inspected_ = detail::inspected_by(detail::awaited::semaphore, &semaphore::tell_holders);

// It may have been the one that the others waited behind.
void semaphore::leave(waiter& me) noexcept {
  auto const w = detail::lock_word(word_);
  waiters_.remove(me);
  unlock_and_grant(value(w));
}

}  // namespace weft
