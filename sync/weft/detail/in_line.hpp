#pragma once
// in_line: a wait that is decided under the lock of the one list it stands in; called: those taken out, to be told so.
//
// A claim (waiter.hpp) is for what races with other claims, and no other wait may be begun while it is open. Here the lock
// decides alone: who is still in line may be called, and cannot give up but by leaving under the lock. So a call never
// fails (a barrier counts on it), and until it waits the one in line may wait for other things (a condition unlocks).
//
//   The waiting side:  in_line me; push it under the lock; me.wait(what, until)
//                      over: called. Else, under the lock: still linked: remove it, then checkpoint() or give up; not linked:
//                      me.wait_for_call(), and it counts as called
//   The calling side:  under the lock: take it out, write what it gets; after the lock: call()
// Invariants
//   I1  Links and what the caller writes change under the lock. Taken out by another, it stays until it is called.
//   I2  call() touches nothing but the one called, and of that only the parker, which is type-stable, once it may be gone.
// Orders: call (release) pairs with is_called (acquire): what the caller wrote. call stores, then kicks; the owner clears the
//   kick, then looks (parker.hpp).
#include <cstdint>

#include <weft/detail/awaited.hpp>
#include <weft/detail/waiters.hpp>

namespace weft::detail {

struct in_line : wait_node {
  in_line() noexcept { who = &this_parker(); }
  in_line(in_line const&) = delete;
  in_line& operator=(in_line const&) = delete;

  [[nodiscard]] bool is_called() const noexcept { return called_.load(std::memory_order_acquire); }

  // S  over: called, and a request for cancellation stays pending. Throws nothing.
  [[nodiscard]] wait_end wait(awaited what, std::int64_t until) noexcept;
  // S  It has been taken out: the call is under way.
  void wait_for_call() noexcept;

  // Once, by who has taken it out, without the lock. `soon` as in parking.hpp.
  void call(bool soon) noexcept {
    parker* const p = who;
    called_.store(true, std::memory_order_release);
    kick(*p, soon);
  }

 private:
  atomic<bool> called_{false};
};

// Of one lock's list, in the order of being taken out.
template <class Waiter>
class called {
 public:
  // Under the lock, just taken out.
  void add(Waiter& w) noexcept {
    w.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &w;
    last_ = &w;
  }
  // Without the lock.
  void call(bool soon) noexcept {
    soon = soon && first_ == last_;
    for (wait_node* n = first_; n != nullptr;) {
      auto& w = static_cast<Waiter&>(*n);
      n = n->next;  // its stack may be gone once it is called
      w.call(soon);
    }
  }

 private:
  wait_node* first_ = nullptr;
  wait_node* last_ = nullptr;
};

}  // namespace weft::detail
