#pragma once
// inject_queue: what comes from threads that are no workers of this scheduler, and what overflows. First come first served. On a cache line
// of its own: posters and workers fight for it as it is.
#include <atomic>

#include "scheduler/fiber.hpp"
#include "scheduler/spin_lock.hpp"
#include "scheduler/work.hpp"

namespace weft::detail {

class alignas(64) inject_queue {
 public:
  void push(fiber* f) noexcept;
  void push(unstarted* j) noexcept;

  // The oldest; `start` says whether an unstarted job would do.
  [[nodiscard]] work pop(bool start) noexcept;
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  // Of these, fibers.
  [[nodiscard]] std::size_t ready() const noexcept { return ready_.load(std::memory_order_relaxed); }

 private:
  template <class T>
  struct list {
    T* first = nullptr;
    T* last = nullptr;
    void append(T* x) noexcept {
      x->next = nullptr;
      (first == nullptr ? first : last->next) = x;
      last = x;
    }
    T* take() noexcept {
      T* const x = first;
      if (x != nullptr) first = x->next;
      return x;
    }
  };

  std::atomic<std::size_t> size_{0}, ready_{0};  // ready_ is written under the lock
  spin_lock lock_;
  list<fiber> fibers_;
  list<unstarted> jobs_;
  bool fiber_next_ = true;  // the two lists take turns
};

}  // namespace weft::detail
