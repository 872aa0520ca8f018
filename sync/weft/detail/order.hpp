#pragma once
// order: in which order the items of a queue come out. What an order is asked for: basic_queue.hpp.
#include <utility>

#include <weft/detail/slot_pool.hpp>

namespace weft::detail {

class fifo_order {
 public:
  using slot = queue_slot;
  static constexpr bool compares = false;

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
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] fifo_order take_all() noexcept { return std::exchange(*this, {}); }

 private:
  queue_slot* first_ = nullptr;
  queue_slot* last_ = nullptr;
};

class lifo_order {
 public:
  using slot = queue_slot;
  static constexpr bool compares = false;

  void push(queue_slot& s) noexcept {
    s.next = top_;
    top_ = &s;
  }
  // Only if there is one.
  queue_slot& pop() noexcept {
    queue_slot& s = *top_;
    top_ = s.next;
    return s;
  }
  [[nodiscard]] bool empty() const noexcept { return top_ == nullptr; }
  [[nodiscard]] lifo_order take_all() noexcept { return std::exchange(*this, {}); }

 private:
  queue_slot* top_ = nullptr;
};

}  // namespace weft::detail
