#pragma once
// work_deque: a worker's queue of unstarted jobs (Chase and Lev). The owner pushes and pops at the bottom; anyone takes
// the oldest at the top.
//
// Invariants
//   D1  top only grows; an entry is handed out by the CAS that raises top past it, or by the owner while top is below it.
//   D2  Only the last entry is contended between owner and thieves, and then both go through the CAS.
//   D3  Replaced buffers live as long as the deque (their sizes add up to less than the newest's): a thief may read one.
// Orders
//   bottom: every store is a release; a thief's load (seq_cst, hence acquire) sees the slots and the jobs below it.
//   bottom.exchange in pop and top.load / bottom.load in take are seq_cst: either the owner sees the thief's top, or the
//   thief sees the lowered bottom. This exchange is the one locked operation of a spawn and its join.
//   buffer: release by the owner pairs with the thief's acquire: a grown buffer's contents.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <weft/detail/atomic.hpp>

namespace weft::detail {

template <class T>
class work_deque {
 public:
  explicit work_deque(std::size_t capacity = 256) { adopt(std::make_unique<buffer>(capacity)); }

  // Any thread. The oldest entry; null: empty, or `lost` was set and another taker was faster.
  [[nodiscard]] T* take(bool& lost) noexcept {
    auto t = top_.load(std::memory_order_seq_cst);
    auto const b = bottom_.load(std::memory_order_seq_cst);
    if (t >= b) return nullptr;
    T* const x = buffer_.load(std::memory_order_acquire)->at(t).load(std::memory_order_relaxed);
    if (top_.compare_exchange_strong(t, t + 1, std::memory_order_seq_cst, std::memory_order_relaxed)) return x;
    lost = true;
    return nullptr;
  }

  [[nodiscard]] bool empty() const noexcept {
    return top_.load(std::memory_order_relaxed) >= bottom_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t size() const noexcept {
    auto const n = bottom_.load(std::memory_order_relaxed) - top_.load(std::memory_order_relaxed);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }

  // Owner. Needs room(): a push itself cannot fail.
  void push(T* x) noexcept {
    auto const b = bottom_.load(std::memory_order_relaxed);
    buffer_.load(std::memory_order_relaxed)->at(b).store(x, std::memory_order_relaxed);
    bottom_.store(b + 1, std::memory_order_release);
  }

  // Owner. top_seen_ spares the shared line: it is refreshed only when the deque looks full.
  [[nodiscard]] bool room() noexcept {
    auto const b = bottom_.load(std::memory_order_relaxed);
    auto const capacity = static_cast<std::int64_t>(buffer_.load(std::memory_order_relaxed)->capacity());
    if (b - top_seen_ < capacity) return true;
    top_seen_ = top_.load(std::memory_order_acquire);
    return b - top_seen_ < capacity;
  }

  // Owner. Doubles the buffer; throws std::bad_alloc and changes nothing.
  void grow() {
    auto* const old = buffer_.load(std::memory_order_relaxed);
    auto bigger = std::make_unique<buffer>(old->capacity() * 2);
    auto const b = bottom_.load(std::memory_order_relaxed);
    for (auto i = top_.load(std::memory_order_acquire); i < b; ++i) {
      bigger->at(i).store(old->at(i).load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    adopt(std::move(bigger));
  }

  // Owner. The newest entry, not taken; it may be gone by the time of pop().
  [[nodiscard]] T* newest() const noexcept {
    auto const b = bottom_.load(std::memory_order_relaxed);
    if (b <= top_.load(std::memory_order_relaxed)) return nullptr;
    return buffer_.load(std::memory_order_relaxed)->at(b - 1).load(std::memory_order_relaxed);
  }

  // Owner. The newest entry; null: empty, or a thief has just taken the last one.
  [[nodiscard]] T* pop() noexcept {
    auto const b = bottom_.load(std::memory_order_relaxed) - 1;
    bottom_.exchange(b, std::memory_order_seq_cst);
    auto t = top_.load(std::memory_order_seq_cst);
    if (t > b) {
      bottom_.store(b + 1, std::memory_order_release);
      return nullptr;
    }
    T* x = buffer_.load(std::memory_order_relaxed)->at(b).load(std::memory_order_relaxed);
    if (t == b) {
      if (!top_.compare_exchange_strong(t, t + 1, std::memory_order_seq_cst, std::memory_order_relaxed)) x = nullptr;
      bottom_.store(b + 1, std::memory_order_release);
    }
    return x;
  }

 private:
  class buffer {
   public:
    explicit buffer(std::size_t capacity) : slots_(std::make_unique<atomic<T*>[]>(capacity)), capacity_(capacity) {}
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    atomic<T*>& at(std::int64_t i) noexcept { return slots_[static_cast<std::size_t>(i) & (capacity_ - 1)]; }

   private:
    std::unique_ptr<atomic<T*>[]> slots_;
    std::size_t capacity_;  // a power of two
  };

  void adopt(std::unique_ptr<buffer> b) {
    buffers_.push_back(std::move(b));
    buffer_.store(buffers_.back().get(), std::memory_order_release);
  }

  alignas(64) atomic<std::int64_t> top_{0};
  alignas(64) atomic<std::int64_t> bottom_{0};
  atomic<buffer*> buffer_{nullptr};
  std::int64_t top_seen_ = 0;
  std::vector<std::unique_ptr<buffer>> buffers_;
};

}  // namespace weft::detail
