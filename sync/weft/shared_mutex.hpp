#pragma once
// shared_mutex: many readers or one writer; for std::shared_lock, and all that takes a mutex.
#include <cstdint>

#include <weft/deadline.hpp>
#include <weft/detail/holders.hpp>
#include <weft/detail/in_line.hpp>

namespace weft {

// Phase-fair: readers and writers take turns. While a writer waits, readers that come wait too; when the last reader has gone,
// the oldest writer goes on; when a writer has gone, all readers that wait do, and the next writer after them. So
// nobody starves: a reader waits for one writer at most, a writer for those before it and the readers between them.
// Handed over directly; nobody passes those who wait. Cancelled, or late: it leaves as if it had never come. Locked is locked: a
// request that comes at the same moment stays pending. Neither way is reentrant (a reader that locks again behind a writer that
// waits waits for itself), nor bound to the task that locked. std::lock of several that are contended: see fair_mutex.
// All calls from tasks of any runtime and from plain threads. Whoever has locked it after an unlock() may destroy it, though
// that call is still returning elsewhere.
class shared_mutex {
 public:
  constexpr shared_mutex() noexcept = default;
  shared_mutex(shared_mutex const&) = delete;
  shared_mutex& operator=(shared_mutex const&) = delete;

  // S  As the only one. In a destructor: see mutex.
  void lock() {
    auto const mine = written_by(detail::checkpoint());
    if (!take_quickly(mine)) (void)lock_slowly(mine, detail::no_limit);
  }
  // Never suspends. False: it is locked, in whatever way.
  [[nodiscard]] bool try_lock() noexcept;
  // S  False: the time has passed.
  [[nodiscard]] bool try_lock_for(deadline d) { return try_lock_until(d); }
  [[nodiscard]] bool try_lock_until(deadline d) {
    auto const mine = written_by(detail::checkpoint());
    return take_quickly(mine) || lock_slowly(mine, d.ns());
  }
  // Never suspends. Not locked by a writer: invalid_state_error.
  void unlock() {
    auto w = word_.load(std::memory_order_relaxed);
    if ((w & (writer_bit | waiting_bit | detail::word_locked)) != writer_bit ||
        !word_.compare_exchange_strong(w, 0, std::memory_order_release, std::memory_order_relaxed)) {
      unlock_slowly();
    }
  }

  // S  With other readers.
  void lock_shared() {
    (void)detail::checkpoint();
    if (!share_quickly()) (void)lock_shared_slowly(detail::no_limit);
  }
  // Never suspends. False: a writer has it, or waits.
  [[nodiscard]] bool try_lock_shared() noexcept;
  // S  False: the time has passed.
  [[nodiscard]] bool try_lock_shared_for(deadline d) { return try_lock_shared_until(d); }
  [[nodiscard]] bool try_lock_shared_until(deadline d) {
    (void)detail::checkpoint();
    return share_quickly() || lock_shared_slowly(d.ns());
  }
  // Never suspends. No reader has it: invalid_state_error.
  void unlock_shared();

 private:
  struct waiter;
  static void tell_writer(void*, detail::parker const& waits, detail::holders&);
  static bool const inspected_;
  using line = detail::waiters<waiter>;

  // The word: the writer's block, or how many readers | see shared_mutex.cpp | word_locked. Blocks are aligned to 16.
  static constexpr std::uint64_t waiting_bit = 2, writer_bit = 4, reader = 16;
  static std::uint64_t written_by(detail::future_core* c) noexcept { return reinterpret_cast<std::uintptr_t>(c) | writer_bit; }

  bool take_quickly(std::uint64_t mine) noexcept {
    std::uint64_t unlocked = 0;
    return word_.compare_exchange_strong(unlocked, mine, std::memory_order_acquire, std::memory_order_relaxed);
  }
  bool share_quickly() noexcept {
    auto w = word_.load(std::memory_order_relaxed);
    return (w & (detail::word_locked | waiting_bit | writer_bit)) == 0 &&
           word_.compare_exchange_strong(w, w + reader, std::memory_order_acquire, std::memory_order_relaxed);
  }
  bool lock_slowly(std::uint64_t mine, std::int64_t until);
  bool lock_shared_slowly(std::int64_t until);
  bool lock_slowly(std::uint64_t mine, std::uint64_t excluding, line&, std::int64_t until);
  void unlock_slowly();
  bool leave(waiter&, line&) noexcept;
  std::uint64_t admit_writer(detail::called<waiter>&) noexcept;
  std::uint64_t admit_readers(detail::called<waiter>&) noexcept;
  void unlock_word(std::uint64_t holders) noexcept;

  detail::atomic<std::uint64_t> word_{0};
  line writers_, readers_;
};

}  // namespace weft
