#pragma once
// condition_variable: waiting, with a lock given back meanwhile, until somebody says that something has changed.
#include <condition_variable>
#include <utility>

#include <weft/cancel.hpp>
#include <weft/deadline.hpp>
#include <weft/detail/in_line.hpp>

namespace weft {

// What a timed wait without a predicate says: a std::cv_status, and a bool as of weft's other timed waits. True: notified.
// (For a switch say which: std::cv_status s = c.wait_for(lock, d).)
class wait_status {
 public:
  constexpr wait_status(std::cv_status s) noexcept : status_(s) {}
  [[nodiscard]] constexpr operator std::cv_status() const noexcept { return status_; }
  [[nodiscard]] constexpr operator bool() const noexcept { return status_ == std::cv_status::no_timeout; }

 private:
  std::cv_status status_;
};

// As std::condition_variable_any, without stop tokens: cancellation ends a wait. Lock: anything with lock() and unlock():
// std::unique_lock<weft::mutex>, a weft::mutex, a std::unique_lock<std::mutex>, one's own. First come first served. notify without the lock is allowed.
// However a wait ends, the lock is held again: for that it waits uncancelled, and if lock() throws, std::terminate, as
// in std. Notified is notified: a request that comes at the same moment stays pending, so no notification is lost to it.
// A wait without a notification is possible only if a cancellation was taken back meanwhile.
// All calls from tasks of any runtime and from plain threads. To be destroyed when no call is under way.
class condition_variable {
 public:
  condition_variable() = default;
  condition_variable(condition_variable const&) = delete;
  condition_variable& operator=(condition_variable const&) = delete;

  // Wakes the one that has waited longest; nobody waits: no effect. Never suspends.
  void notify_one() noexcept;
  // All who wait now, in the order in which they came.
  void notify_all() noexcept;

  // S  The lock is held by the caller; one that says by owns_lock() that it is not: invalid_state_error. What unlock() throws
  // comes out, and the wait has not begun.
  template <class Lock>
  void wait(Lock& lock) {
    (void)wait_until(lock, never);
  }
  // S  Until stop_waiting() is true; it is called with the lock held. True already: returns at once.
  template <class Lock, class Predicate>
  void wait(Lock& lock, Predicate stop_waiting) {
    (void)detail::checkpoint();
    while (!stop_waiting()) wait(lock);
  }

  // S  The same, at most so long.
  template <class Lock>
  wait_status wait_for(Lock& lock, deadline d) {
    return wait_until(lock, d);
  }
  template <class Lock>
  wait_status wait_until(Lock& lock, deadline d) {
    if constexpr (requires { static_cast<bool>(lock.owns_lock()); }) {
      if (!lock.owns_lock()) throw_not_held();
    }
    (void)detail::checkpoint();
    waiter me(*this);
    lock.unlock();
    auto const end = me.wait(d.ns());
    lock_again(lock);
    if (end == detail::wait_end::interrupted) (void)detail::checkpoint();
    return end == detail::wait_end::late ? std::cv_status::timeout : std::cv_status::no_timeout;
  }
  // S  What stop_waiting() says in the end.
  template <class Lock, class Predicate>
  bool wait_for(Lock& lock, deadline d, Predicate stop_waiting) {
    return wait_until(lock, d, std::move(stop_waiting));
  }
  template <class Lock, class Predicate>
  bool wait_until(Lock& lock, deadline d, Predicate stop_waiting) {
    (void)detail::checkpoint();
    while (!stop_waiting()) {
      if (wait_until(lock, d) == std::cv_status::timeout) return stop_waiting();
    }
    return true;
  }

 private:
  // In line while it lives, unless notified. Destroyed without having waited: it passes a notification on.
  class waiter : public detail::in_line {
   public:
    explicit waiter(condition_variable&) noexcept;
    ~waiter() {
      if (!waited_) withdraw();
    }
    // over: notified. Else it was not, and will not be.
    detail::wait_end wait(std::int64_t until) noexcept;

   private:
    bool leave() noexcept;
    void withdraw() noexcept;

    condition_variable& of_;
    bool waited_ = false;
  };

  template <class Lock>
  static void lock_again(Lock& lock) noexcept {
    shield_scope const uncancelled;
    lock.lock();
  }
  [[noreturn]] static void throw_not_held();

  static constexpr std::uint64_t waiting_bit = 2;
  void unlock_word() noexcept { word_.store(waiters_.empty() ? 0 : waiting_bit, std::memory_order_release); }

  detail::atomic<std::uint64_t> word_{0};  // waiting: the list is not empty | locked
  detail::waiters<waiter> waiters_;
};

}  // namespace weft
