#pragma once
// The cases of select() that have no value: a future that ends, an event, a permit, a time.
#include <weft/detail/core.hpp>
#include <weft/detail/select_case.hpp>
#include <weft/event.hpp>
#include <weft/semaphore.hpp>

namespace weft::detail {

// Kicked, never claimed (C5 in select.cpp).
class done_case final : public select_case {
 public:
  explicit done_case(future_core& c) noexcept : select_case(nullptr, &me_), core_(c) {}

 private:
  bool take() noexcept override { return core_.done(); }
  void list() noexcept override { (void)core_.waiters.push(me_); }
  void leave() noexcept override { (void)core_.waiters.remove(me_); }

  future_core& core_;
  waiter me_{waiter::one_of_several{}};
};

class set_case final : public select_case {
 public:
  explicit set_case(event& e) noexcept : select_case(&e.word_, &me_), event_(e) { claimed_with_all_ = true; }

 private:
  bool take() noexcept override { return (rest() & event::is_set_bit) != 0; }
  void list() noexcept override {
    event_.waiters_.push_back(me_);
    rest() |= event::waiting_bit;
  }
  void leave() noexcept override { event_.leave(me_); }

  event& event_;
  waiter me_{waiter::one_of_several{}};
};

class acquire_case final : public select_case {
 public:
  explicit acquire_case(semaphore& s) : select_case(&s.word_, &me_), semaphore_(s) { semaphore::check(1, s.limit_); }

 private:
  bool take() noexcept override {
    if ((rest() & semaphore::waiting_bit) != 0 || semaphore::value(rest()) < 1) return false;
    rest() -= semaphore::word(1);
    return true;
  }
  void list() noexcept override {
    semaphore_.waiters_.push_back(me_);
    rest() |= semaphore::waiting_bit;
  }
  void leave() noexcept override { semaphore_.leave(me_); }

  semaphore& semaphore_;
  semaphore::waiter me_{waiter::one_of_several{}, 1};
};

class time_case final : public select_case {
 public:
  explicit time_case(std::int64_t due) noexcept : select_case(due) {}

 private:
  bool take() noexcept override { return false; }  // only if nothing else is ready
};

}  // namespace weft::detail
