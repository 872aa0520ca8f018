#pragma once
// barrier: a number of tasks wait for each other, again and again.
#include <cstddef>
#include <optional>

#include <weft/deadline.hpp>
#include <weft/detail/in_line.hpp>
#include <weft/errors.hpp>

namespace weft {

// When the last of `parties` has come all go on at once, and the next round begins. One that is cancelled, or late, is as
// if it had never come: the others wait on for somebody in its place. The round is complete: a request for cancellation
// that comes at the same moment stays pending.
// All calls from tasks of any runtime and from plain threads. To be destroyed when no call is under way.
class barrier {
 public:
  // 0, or too many to be counted: std::invalid_argument.
  explicit barrier(std::ptrdiff_t parties);
  barrier(barrier const&) = delete;
  barrier& operator=(barrier const&) = delete;

  // S  This one's place in the round, in the order of coming: 0 to parties() - 1, the last one's is parties() - 1.
  // Aborted, or reset while it waits: broken_barrier_error.
  std::size_t arrive_and_wait() { return *arrive(detail::no_limit); }
  // S  Empty: the time has passed, and it has not come.
  std::optional<std::size_t> arrive_and_wait_for(deadline d) { return arrive(d.ns()); }
  std::optional<std::size_t> arrive_and_wait_until(deadline d) { return arrive(d.ns()); }

  // Those who wait: broken_barrier_error. Then it is as new, also after abort(). Never suspends.
  void reset() noexcept { break_round(false); }
  // Those who wait, and all who come before the next reset(): broken_barrier_error. Never suspends.
  void abort() noexcept { break_round(true); }

  [[nodiscard]] std::size_t parties() const noexcept { return parties_; }
  // How many wait now.
  [[nodiscard]] std::size_t waiting() const noexcept {
    return static_cast<std::size_t>(word_.load(std::memory_order_acquire) >> shift);
  }
  // Aborted, and not reset since.
  [[nodiscard]] bool broken() const noexcept { return (word_.load(std::memory_order_acquire) & broken_bit) != 0; }

 private:
  struct waiter : detail::in_line {
    std::optional<std::size_t> index;  // empty: broken
  };

  static constexpr unsigned shift = 2;
  static constexpr std::uint64_t broken_bit = 2, one = 1 << shift;

  std::optional<std::size_t> arrive(std::int64_t until);
  void break_round(bool for_good) noexcept;
  bool leave(waiter&) noexcept;

  detail::atomic<std::uint64_t> word_{0};  // how many wait | broken | locked
  detail::waiters<waiter> waiters_;
  std::size_t const parties_;
};

}  // namespace weft
