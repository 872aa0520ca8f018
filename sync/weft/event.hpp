#pragma once
// event: a flag to wait for.
#include <cstdint>

#include <weft/deadline.hpp>
#include <weft/detail/waiters.hpp>

namespace weft {

namespace detail {
class set_case;
}

// All calls from tasks of any runtime and from plain threads, at any time. Whoever has seen it set (by is_set(), or by a
// wait that returned) may destroy it, though set() is still returning elsewhere.
class event {
 public:
  event() = default;
  event(event const&) = delete;
  event& operator=(event const&) = delete;

  // Wakes all who wait, in the order in which they came; reset() right after it takes that back from nobody.
  void set() noexcept;
  void reset() noexcept;
  [[nodiscard]] bool is_set() const noexcept {
    return (word_.load(std::memory_order_acquire) & is_set_bit) != 0;
  }

  // S  Returns at once if it is set.
  void wait() { (void)wait_ns(detail::no_limit); }
  // S  False: the time has passed, and it was not set meanwhile.
  bool wait_for(deadline d) { return wait_ns(d.ns()); }
  bool wait_until(deadline d) { return wait_ns(d.ns()); }

 private:
  friend class detail::set_case;
  friend class latch;
  bool wait_ns(std::int64_t until, detail::awaited::kind = detail::awaited::event);
  void leave(detail::waiter&) noexcept;

  static constexpr std::uint64_t waiting_bit = 2, is_set_bit = 4;  // never both, but under the lock

  detail::atomic<std::uint64_t> word_{0};
  detail::waiters<detail::waiter> waiters_;
};

}  // namespace weft
