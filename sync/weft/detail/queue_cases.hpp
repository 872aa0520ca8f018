#pragma once
// A get from, or a put into, a queue as a case of select().
#include <optional>
#include <utility>

#include <weft/detail/basic_queue.hpp>
#include <weft/detail/outgoing.hpp>
#include <weft/detail/select_case.hpp>

namespace weft::detail {

template <class T, class Order>
class get_case final : public select_case {
 public:
  explicit get_case(basic_queue<T, Order>& q) noexcept : select_case(&q.lock_, &me_), queue_(q) {}

  // Chosen: what there is to get. Empty: closed, and nothing left.
  std::optional<T> finish() {
    woken_.publish(true);
    return me_.slot != nullptr ? queue_.template take_from<std::optional<T>>(*me_.slot) : std::nullopt;
  }

 private:
  bool take() noexcept override {
    if (queue_.size() != 0) {
      me_.slot = &queue_.pop(woken_);
      return true;
    }
    return queue_.drained();
  }
  void list() noexcept override { queue_.getters_.push_back(me_); }
  void leave() noexcept override {
    queue_core::edit const e(queue_);
    queue_.getters_.remove(me_);
  }

  basic_queue<T, Order>& queue_;
  queue_core::getter me_{waiter::one_of_several{}};
  handed woken_;  // who has got the item's place
};

template <class T, class Order>
class put_case final : public select_case {
 public:
  put_case(basic_queue<T, Order>& q, outgoing<T> v) : select_case(&q.lock_, &me_), queue_(q), value_(v) {
    if constexpr (brings) {
      me_.filled = q.new_slot();
      me_.enter = &q.push_filled;
      q.copy(*me_.filled, v.peek());
    }
  }
  ~put_case() { forgo(); }

  // Chosen: puts it. False: closed.
  [[nodiscard]] bool finish() {
    woken_.publish(true);
    if (me_.refused) return false;
    if constexpr (brings) {
      me_.filled = nullptr;  // entered
    } else {
      queue_slot& s = *queue_.slot_or_abandon();
      value_.give([&](auto&& v) { queue_.fill(s, std::forward<decltype(v)>(v)); });
    }
    return true;
  }

 private:
  static constexpr bool brings = basic_queue<T, Order>::brings;

  bool take() noexcept override {
    auto const p = queue_.try_place();
    me_.refused = p == queue_core::place::closed;
    if constexpr (brings) {
      if (p == queue_core::place::granted) queue_.enter_granted(woken_, *me_.filled, me_.enter);
    }
    return p != queue_core::place::full;
  }
  void list() noexcept override { queue_.putters_.push_back(me_); }
  void leave() noexcept override {
    queue_core::edit const e(queue_);
    queue_.putters_.remove(me_);
  }
  void forgo() noexcept override {
    if (me_.filled != nullptr) queue_.free_slot(*std::exchange(me_.filled, nullptr));
  }

  basic_queue<T, Order>& queue_;
  outgoing<T> value_;
  queue_core::putter me_{waiter::one_of_several{}};
  handed woken_;  // who has got the item
};

}  // namespace weft::detail
