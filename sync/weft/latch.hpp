#pragma once
// latch: to be counted down to zero once; as std::latch, and waits that end.
#include <cstddef>

#include <weft/event.hpp>

namespace weft {

// All calls from tasks of any runtime and from plain threads. Whoever has seen it at zero (by try_wait(), or by a wait that
// returned) may destroy it, though the last count_down() is still returning elsewhere.
class latch {
 public:
  // Negative: std::invalid_argument. 0: open from the start.
  explicit latch(std::ptrdiff_t expected);
  latch(latch const&) = delete;
  latch& operator=(latch const&) = delete;

  [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept { return PTRDIFF_MAX; }

  // n < 0: std::invalid_argument; n more than is left: invalid_state_error, count unchanged. Never suspends.
  void count_down(std::ptrdiff_t n = 1);
  // True: it is at zero. Never suspends.
  [[nodiscard]] bool try_wait() const noexcept { return zero_.is_set(); }

  // S  Until it is at zero.
  void wait() const { (void)wait_until(never); }
  // S  False: the time has passed, and it is not at zero.
  bool wait_for(deadline d) const { return wait_until(d); }
  bool wait_until(deadline d) const { return zero_.wait_ns(d.ns(), detail::awaited::latch); }
  // S  Cancelled, also before it waits, it has counted down all the same.
  void arrive_and_wait(std::ptrdiff_t n = 1) {
    count_down(n);
    wait();
  }

 private:
  detail::atomic<std::ptrdiff_t> left_;
  mutable event zero_;
};

}  // namespace weft
