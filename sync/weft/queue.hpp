#pragma once
// queue: producers put, consumers get, first in, first out.
#include <weft/detail/basic_queue.hpp>

namespace weft {

namespace detail {

class fifo_order {
 public:
  void push(queue_slot& s) noexcept {
    s.next = nullptr;
    (first_ != nullptr ? last_->next : first_) = &s;
    last_ = &s;
  }
  // Only if there is one.
  queue_slot& pop() noexcept {
    queue_slot& s = *first_;
    first_ = s.next;
    return s;
  }
  // All, chained by `next`.
  queue_slot* take_all() noexcept { return std::exchange(first_, nullptr); }

 private:
  queue_slot* first_ = nullptr;
  queue_slot* last_ = nullptr;
};

}  // namespace detail

// Linearizable: items come out in the order in which their puts took effect, waiting consumers and producers are served first
// come first served. What is said of its functions is in detail/basic_queue.hpp.
template <class T>
class queue : public detail::basic_queue<T, detail::fifo_order> {
 public:
  // 0: unbounded. Takes no memory yet.
  explicit queue(std::size_t maxsize = 0) noexcept : detail::basic_queue<T, detail::fifo_order>(maxsize) {}
};

}  // namespace weft
