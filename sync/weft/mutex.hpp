#pragma once
// mutex, fair_mutex: one at a time; for std::lock_guard, unique_lock, scoped_lock and std::lock.
#include <cstdint>

#include <weft/deadline.hpp>
#include <weft/detail/holders.hpp>
#include <weft/detail/in_line.hpp>

namespace weft {
namespace detail {

// What both are: they differ in how long a running locker may pass those who wait.
class basic_mutex {
 public:
  basic_mutex(basic_mutex const&) = delete;
  basic_mutex& operator=(basic_mutex const&) = delete;

  // S  Waits until it is free and this one's turn. Not reentrant: locked twice by one task it waits for ever. A checkpoint even
  // if it is free: in a destructor, which must not throw, a shield_scope comes first.
  void lock() {
    auto const mine = held_by(checkpoint());
    if (!take_quickly(mine)) (void)lock_slowly(mine, no_limit);
  }
  // Never suspends. False: it is locked.
  [[nodiscard]] bool try_lock() noexcept;
  // S  False: the time has passed.
  [[nodiscard]] bool try_lock_for(deadline d) { return try_lock_until(d); }
  [[nodiscard]] bool try_lock_until(deadline d) {
    auto const mine = held_by(checkpoint());
    return take_quickly(mine) || lock_slowly(mine, d.ns());
  }
  // By any task or thread. Never suspends. Not locked: invalid_state_error.
  void unlock() {
    auto w = word_.load(std::memory_order_relaxed);
    if ((w & (held_bit | waiting_bit | word_locked)) != held_bit ||
        !word_.compare_exchange_strong(w, 0, std::memory_order_release, std::memory_order_relaxed)) {
      unlock_slowly();
    }
  }

  // The id of the task that has locked it, for reports: a look at one moment. 0: nobody, or a plain thread.
  [[nodiscard]] std::uint64_t holder() const noexcept;

 protected:
  explicit constexpr basic_mutex(std::int64_t patience) noexcept : patience_(patience) {}

 private:
  struct waiter;
  static void tell_holder(void*, parker const& waits, holders&);
  static bool const inspected_;

  // The word: the holder's block | see mutex.cpp | word_locked. Blocks are aligned to 16.
  static constexpr std::uint64_t waiting_bit = 2, held_bit = 4, woken_bit = 8;
  static std::uint64_t held_by(future_core* c) noexcept { return reinterpret_cast<std::uintptr_t>(c) | held_bit; }

  bool take_quickly(std::uint64_t mine) noexcept {
    std::uint64_t unlocked = 0;
    return word_.compare_exchange_strong(unlocked, mine, std::memory_order_acquire, std::memory_order_relaxed);
  }
  bool take(std::uint64_t mine) noexcept;
  bool lock_slowly(std::uint64_t mine, std::int64_t until);
  bool look(waiter&) noexcept;
  bool leave(waiter&) noexcept;
  void unlock_slowly();
  bool is_due(waiter const&) noexcept;
  void unlock_word_and_wake(std::uint64_t rest) noexcept;

  atomic<std::uint64_t> word_{0};
  waiters<waiter> waiters_;
  std::int64_t const patience_;  // ns
  std::int64_t looked_ = 0;      // when the holder read the clock last
  std::uint32_t skip_ = 0;       // so often he need not read it again
};

}  // namespace detail

// Who runs may lock it ahead of those who wait, until the one that came first has waited 1 ms, and a few locks more if they
// have been very short: then it is handed to that one. Among those who wait: first come first served. Cancelled, or late: it leaves as if it had never come. Locked is
// locked: a request that comes at the same moment stays pending.
// All calls from tasks of any runtime and from plain threads, and across them. Whoever has locked it after an unlock() may
// destroy it, though that call is still returning elsewhere.
class mutex : public detail::basic_mutex {
 public:
  constexpr mutex() noexcept : basic_mutex(1'000'000) {}
};

// The same, strictly first come first served: unlock() hands it over. Slower when several want it at once. Several locked
// together by std::lock or scoped_lock: they back off and try again, which beside hand-over may never end; lock them one by one,
// always in the same order.
class fair_mutex : public detail::basic_mutex {
 public:
  constexpr fair_mutex() noexcept : basic_mutex(0) {}
};

}  // namespace weft
