#pragma once
// semaphore, bounded_semaphore: permits, first come first served; permit: those held by a scope.
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include <weft/deadline.hpp>
#include <weft/detail/holders.hpp>
#include <weft/detail/waiters.hpp>

namespace weft {

namespace detail {
class acquire_case;
}
class permit;

// Strictly first come first served: nobody passes those who wait, not even for fewer permits than they want. Who waits and is
// cancelled, or late, lets those behind it go on. Granted is granted: a request that comes with the permit stays pending.
// All calls from tasks of any runtime and from plain threads. Whoever has got what release() gave may destroy the semaphore,
// though that call is still returning elsewhere.
// n < 0, or a wait for more than there can ever be: std::invalid_argument. n = 0 never waits.
class semaphore {
 public:
  // < 0, or more than max(): std::invalid_argument.
  explicit semaphore(std::ptrdiff_t initial) : semaphore(initial, max()) {}
  semaphore(semaphore const&) = delete;
  semaphore& operator=(semaphore const&) = delete;

  [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept { return PTRDIFF_MAX >> shift; }

  // S  Waits until n permits are there and it is this one's turn.
  void acquire(std::ptrdiff_t n = 1) {
    check(n, limit_);
    detail::checkpoint();
    if (!take_quickly(n)) (void)wait_for_permits(n, detail::no_limit);
  }
  // Never suspends. False: not enough, or others wait.
  [[nodiscard]] bool try_acquire(std::ptrdiff_t n = 1) {
    check(n, PTRDIFF_MAX);
    return take_quickly(n) || take(n);
  }
  // S  False: the time has passed.
  [[nodiscard]] bool try_acquire_for(deadline d, std::ptrdiff_t n = 1) { return try_acquire_until(d, n); }
  [[nodiscard]] bool try_acquire_until(deadline d, std::ptrdiff_t n = 1) {
    check(n, limit_);
    detail::checkpoint();
    return take_quickly(n) || wait_for_permits(n, d.ns());
  }

  // Above max() (of a bounded one: above its initial value): invalid_state_error, value unchanged. Never suspends.
  void release(std::ptrdiff_t n = 1) {
    check(n, PTRDIFF_MAX);
    if (!give(n)) throw_too_many();
  }

  // Permits that are there. With some waiting it may be more than 0: they want more.
  [[nodiscard]] std::ptrdiff_t available() const noexcept {
    return value(word_.load(std::memory_order_acquire));
  }

 protected:
  semaphore(std::ptrdiff_t initial, std::ptrdiff_t limit);

 private:
  friend class permit;
  friend class detail::acquire_case;
  struct waiter : detail::waiter {
    explicit waiter(std::ptrdiff_t wanted) noexcept : n(wanted) {}
    waiter(one_of_several tag, std::ptrdiff_t wanted) noexcept : detail::waiter(tag), n(wanted) {}
    std::ptrdiff_t const n;
  };

  static constexpr unsigned shift = 2;
  static constexpr std::uint64_t waiting_bit = 2;
  static constexpr std::ptrdiff_t value(std::uint64_t w) noexcept {
    return static_cast<std::ptrdiff_t>(w >> shift);
  }
  static constexpr std::uint64_t word(std::ptrdiff_t value) noexcept {
    return static_cast<std::uint64_t>(value) << shift;
  }

  static void check(std::ptrdiff_t n, std::ptrdiff_t most) {
    if (n < 0 || n > most) throw_bad_count();
  }
  // One look. False also when the word is being edited.
  bool take_quickly(std::ptrdiff_t n) noexcept {
    auto w = word_.load(std::memory_order_relaxed);
    if (n == 0) return true;
    return (w & (detail::word_locked | waiting_bit)) == 0 && value(w) >= n &&
           word_.compare_exchange_strong(w, w - word(n), std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  // False: above the limit.
  bool give(std::ptrdiff_t n) noexcept {
    auto const limit = limit_;
    auto w = word_.load(std::memory_order_relaxed);
    while ((w & (detail::word_locked | waiting_bit)) == 0) {
      if (limit - value(w) < n) return false;
      if (word_.compare_exchange_weak(w, w + word(n), std::memory_order_release, std::memory_order_relaxed))
        return true;
    }
    return give_to_waiters(n);
  }
  // The permits that objects hold are listed: inspection can tell who has them.
  void acquire_for(permit&);
  bool take_quickly_for(permit&) noexcept;
  void list(permit&) noexcept;
  void list_instead(permit& now, permit& before) noexcept;
  bool give_back(permit&) noexcept;  // as give()
  bool give_back_slowly(permit&) noexcept;
  void link(permit&) noexcept;       // under the lock
  void unlink(permit&) noexcept;
  static void tell_holders(void*, detail::parker const& waits, detail::holders&);
  static bool const inspected_;

  bool take(std::ptrdiff_t n) noexcept;
  bool wait_for_permits(std::ptrdiff_t n, std::int64_t until);
  bool give_to_waiters(std::ptrdiff_t n) noexcept;
  void leave(waiter&) noexcept;
  void unlock_and_grant(std::ptrdiff_t value) noexcept;
  [[noreturn]] static void throw_bad_count();
  [[noreturn]] static void throw_too_many();

  detail::atomic<std::uint64_t> word_;  // see semaphore.cpp
  std::ptrdiff_t const limit_, initial_;
  permit* held_ = nullptr;
  detail::waiters<waiter> waiters_;
};

// Never has more permits than it began with.
class bounded_semaphore : public semaphore {
 public:
  explicit bounded_semaphore(std::ptrdiff_t initial) : semaphore(initial, initial) {}
};

// Permits of a semaphore, given back at the end of the scope. Move-only; each object belongs to one thread at a time.
class [[nodiscard]] permit {
 public:
  permit() noexcept = default;
  // S  Acquires.
  [[nodiscard]] explicit permit(semaphore& s, std::ptrdiff_t n = 1) : n_(n) {
    s.acquire_for(*this);
    of_ = &s;
  }
  // The caller has acquired them, by try_acquire_for, say.
  [[nodiscard]] permit(semaphore& s, std::ptrdiff_t n, std::adopt_lock_t) noexcept : of_(&s), n_(n) { s.list(*this); }
  permit(permit&& o) noexcept { take_over(o); }
  permit& operator=(permit&& o) noexcept {
    permit const old = std::move(*this);
    take_over(o);
    return *this;
  }
  // If a bounded semaphore has got them back from elsewhere already, it stays as it is.
  ~permit() {
    if (of_ != nullptr) (void)of_->give_back(*this);
  }

  // Before the scope ends; holding none: no effect. Errors as semaphore::release.
  void release() {
    semaphore* const s = std::exchange(of_, nullptr);
    if (s != nullptr && !s->give_back(*this)) semaphore::throw_too_many();
  }
  [[nodiscard]] explicit operator bool() const noexcept { return of_ != nullptr; }

 private:
  friend class semaphore;
  void take_over(permit& o) noexcept {
    n_ = o.n_;
    of_ = std::exchange(o.of_, nullptr);
    if (of_ != nullptr) of_->list_instead(*this, o);
  }

  semaphore* of_ = nullptr;
  std::ptrdiff_t n_ = 0;
  permit* next_ = nullptr;  // of those that hold permits of the same semaphore; under its lock
  permit* before_ = nullptr;
};

inline void semaphore::link(permit& p) noexcept {
  p.before_ = nullptr;
  p.next_ = std::exchange(held_, &p);
  if (p.next_ != nullptr) p.next_->before_ = &p;
}

inline void semaphore::unlink(permit& p) noexcept {
  (p.before_ != nullptr ? p.before_->next_ : held_) = p.next_;
  if (p.next_ != nullptr) p.next_->before_ = p.before_;
}

inline bool semaphore::take_quickly_for(permit& p) noexcept {
  auto w = word_.load(std::memory_order_relaxed);
  if ((w & (detail::word_locked | waiting_bit)) != 0 || value(w) < p.n_) return false;
  auto const rest = w - word(p.n_);
  if (!word_.compare_exchange_strong(w, rest | detail::word_locked, std::memory_order_acquire, std::memory_order_relaxed)) return false;
  link(p);
  word_.store(rest, std::memory_order_release);
  return true;
}

inline bool semaphore::give_back(permit& p) noexcept {
  auto w = word_.load(std::memory_order_relaxed);
  if ((w & (detail::word_locked | waiting_bit)) != 0 || limit_ - value(w) < p.n_ || p.n_ == 0 ||
      !word_.compare_exchange_strong(w, w | detail::word_locked, std::memory_order_acquire, std::memory_order_relaxed)) {
    return give_back_slowly(p);
  }
  auto const n = p.n_;
  unlink(p);
  word_.store(w + word(n), std::memory_order_release);
  return true;
}

inline void semaphore::acquire_for(permit& p) {
  check(p.n_, limit_);
  detail::checkpoint();
  if (p.n_ == 0 || take_quickly_for(p)) return;
  (void)wait_for_permits(p.n_, detail::no_limit);
  list(p);
}

}  // namespace weft
