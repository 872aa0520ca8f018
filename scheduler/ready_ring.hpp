#pragma once
// ready_ring: a worker's FIFO of fibers that can go on. The owner appends; everyone takes from the front, thieves by half.
//
// Invariants: tail_ is written by the owner only; an entry leaves by the CAS that raises head_ past it, so a slot that
// the owner has overwritten since it was read belongs to a CAS that fails.
// Orders: tail_ (release) pairs with the taker's acquire: slot and fiber; head_ (acq_rel) pairs with the owner's acquire in
// push and steal_half: the slot has been read before it is overwritten.
#include <array>
#include <cstddef>
#include <cstdint>

#include <weft/detail/atomic.hpp>

namespace weft::detail {

template <class T, std::size_t Capacity>
class ready_ring {
 public:
  // Owner. False: full.
  [[nodiscard]] bool push(T* x) noexcept {
    auto const t = tail_.load(std::memory_order_relaxed);
    if (t - head_.load(std::memory_order_acquire) >= Capacity) return false;
    slots_[t % Capacity].store(x, std::memory_order_relaxed);
    tail_.store(t + 1, std::memory_order_release);
    return true;
  }

  // Any thread.
  [[nodiscard]] T* pop() noexcept {
    auto h = head_.load(std::memory_order_acquire);
    for (;;) {
      if (h == tail_.load(std::memory_order_acquire)) return nullptr;
      T* const x = slots_[h % Capacity].load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(h, h + 1, std::memory_order_acq_rel, std::memory_order_acquire)) return x;
    }
  }

  // Owner, and there is nobody else: half the price of a switch is that CAS.
  [[nodiscard]] T* pop_alone() noexcept {
    auto const h = head_.load(std::memory_order_relaxed);
    if (h == tail_.load(std::memory_order_relaxed)) return nullptr;
    head_.store(h + 1, std::memory_order_relaxed);
    return slots_[h % Capacity].load(std::memory_order_relaxed);
  }

  // The owner of `into` takes half of this ring: one entry is returned, the others go to `into`. Just the one if `into` is
  // not empty (timers that the thief has fired fill it): only an empty ring has room for any half.
  [[nodiscard]] T* steal_half(ready_ring& into) noexcept {
    auto const to = into.tail_.load(std::memory_order_relaxed);
    if (into.head_.load(std::memory_order_acquire) != to) return pop();
    auto h = head_.load(std::memory_order_acquire);
    for (;;) {
      auto const t = tail_.load(std::memory_order_acquire);
      auto const n = (t - h + 1) / 2;
      if (n == 0) return nullptr;
      if (n > Capacity / 2 + 1) {  // head_ moved between the two loads
        h = head_.load(std::memory_order_acquire);
        continue;
      }
      T* const first = slots_[h % Capacity].load(std::memory_order_relaxed);
      for (std::uint64_t i = 1; i < n; ++i) {
        into.slots_[(to + i - 1) % Capacity].store(slots_[(h + i) % Capacity].load(std::memory_order_relaxed),
                                                   std::memory_order_relaxed);
      }
      if (head_.compare_exchange_weak(h, h + n, std::memory_order_acq_rel, std::memory_order_acquire)) {
        into.tail_.store(to + n - 1, std::memory_order_release);
        return first;
      }
    }
  }

  // Owner: at most so many, others may have taken some. Others: about so many.
  [[nodiscard]] std::size_t size() const noexcept {
    auto const n = static_cast<std::int64_t>(tail_.load(std::memory_order_relaxed) - head_.load(std::memory_order_relaxed));
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  [[nodiscard]] bool empty() const noexcept {
    return head_.load(std::memory_order_relaxed) == tail_.load(std::memory_order_relaxed);
  }

 private:
  alignas(64) atomic<std::uint64_t> head_{0};
  alignas(64) atomic<std::uint64_t> tail_{0};
  std::array<atomic<T*>, Capacity> slots_{};
};

}  // namespace weft::detail
