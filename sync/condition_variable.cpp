// condition_variable.
//
//   word_  waiting: the list is not empty | locked
// Invariants
//   C1  The waiter is in line before the caller's lock is given back: whoever changes something under that lock and notifies
//       afterwards finds it.
//   C2  Who has been taken out of the line is notified and will return normally: leaving finds it unlinked and waits for the
//       call. So a notification goes to somebody who returns from wait(), or, if unlock() threw, to the next in line.
//   C3  No user's code runs under the list's lock. While in line no claim is open (in_line.hpp): unlock() and lock() may suspend.
//   C4  The store that unlocks the list is notify's last touch of the condition; the calls come after it.
// Orders: the list's lock orders everything but the call (in_line.hpp). notify with nobody in line is one relaxed load: the
//   store that put a waiter in line comes before his unlock(), that before the lock() of whoever changed something since.
#include <weft/condition_variable.hpp>

#include <weft/errors.hpp>

namespace weft {

void condition_variable::throw_not_held() {
  throw invalid_state_error("weft: wait() on a condition without the lock held");
}

condition_variable::waiter::waiter(condition_variable& of) noexcept : of_(of) {
  (void)detail::lock_word(of.word_);
  of.waiters_.push_back(*this);
  of.unlock_word();
}

// False: it has been notified.
bool condition_variable::waiter::leave() noexcept {
  (void)detail::lock_word(of_.word_);
  bool const left = linked;
  of_.waiters_.remove(*this);
  of_.unlock_word();
  if (!left) wait_for_call();
  return left;
}

detail::wait_end condition_variable::waiter::wait(std::int64_t until) noexcept {
  waited_ = true;
  auto const end = in_line::wait({detail::awaited::condition, &of_}, until);
  return end == detail::wait_end::over || leave() ? end : detail::wait_end::over;
}

void condition_variable::waiter::withdraw() noexcept {
  if (!leave()) of_.notify_one();
}

void condition_variable::notify_one() noexcept {
  if (word_.load(std::memory_order_relaxed) == 0) return;
  (void)detail::lock_word(word_);
  waiter* const first = waiters_.empty() ? nullptr : &waiters_.pop_front();
  unlock_word();
  if (first != nullptr) first->call(true);
}

void condition_variable::notify_all() noexcept {
  if (word_.load(std::memory_order_relaxed) == 0) return;
  (void)detail::lock_word(word_);
  detail::called<waiter> all;
  while (!waiters_.empty()) all.add(waiters_.pop_front());
  unlock_word();
  all.call(true);
}

}  // namespace weft
