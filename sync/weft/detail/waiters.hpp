#pragma once
// waiters: those who wait to be handed something, first come first served, in a list edited under its owner's lock.
// handed: those of them who have been claimed, to be woken when the lock is free again.
//
// Invariants
//   W1  The links of a listed waiter change only under the lock. A claimer takes it out, claimed or not: a waiter that has
//       given up finds itself unlinked, or unlinks itself, and passes on what it stood in the way of.
//   W2  A claimed waiter stays until it is published (P4), so the chain of the claimed runs through their nodes.
//   W3  publish() touches nothing of the list's owner: whoever has seen the effect may have destroyed it.
//   W4  The epoch of a claimed node becomes 0, by the claimer and before it publishes. So whoever has several nodes in one wait
//       (select) knows which it was, without any list's lock.
// Orders: unlock (release) pairs with lock (acquire); claim and publish as in parker.hpp.
#include <cstdint>

#include <weft/detail/atomic.hpp>
#include <weft/detail/waiter.hpp>

namespace weft::detail {

// Bit 0 of an object's word is the lock: held for a few instructions, never over a switch or a user's code.
inline constexpr std::uint64_t word_locked = 1;

// Returns the rest of the word. Unlocked by a store (release).
inline std::uint64_t lock_word(atomic<std::uint64_t>& word) noexcept {
  backoff wait;
  for (auto w = word.load(std::memory_order_relaxed);;) {
    if ((w & word_locked) != 0) {
      wait.pause();
      w = word.load(std::memory_order_relaxed);
    } else if (word.compare_exchange_weak(w, w | word_locked, std::memory_order_acquire,
                                          std::memory_order_relaxed)) {
      return w;
    }
  }
}

// All under the owner's lock.
template <class Waiter>
class waiters {
 public:
  waiters() = default;
  waiters(waiters const&) = delete;
  waiters& operator=(waiters const&) = delete;

  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
  [[nodiscard]] Waiter& front() noexcept { return static_cast<Waiter&>(*head_); }
  [[nodiscard]] bool contains(parker const& who) const noexcept {
    wait_node const* n = head_;
    while (n != nullptr && n->who != &who) n = n->next;
    return n != nullptr;
  }

  void push_back(Waiter& w) noexcept {
    w.next = nullptr;
    w.prev = tail_;
    w.linked = true;
    (tail_ != nullptr ? tail_->next : head_) = &w;
    tail_ = &w;
  }

  // One that had its turn, and is back for no fault of its own.
  void push_front(Waiter& w) noexcept {
    w.next = head_;
    w.prev = nullptr;
    w.linked = true;
    (head_ != nullptr ? head_->prev : tail_) = &w;
    head_ = &w;
  }

  Waiter& pop_front() noexcept {
    Waiter& w = front();
    remove(w);
    return w;
  }

  // Nothing happens if it has been taken out already.
  void remove(Waiter& w) noexcept {
    if (!w.linked) return;
    w.linked = false;
    (w.prev != nullptr ? w.prev->next : head_) = w.next;
    (w.next != nullptr ? w.next->prev : tail_) = w.prev;
  }

 private:
  wait_node* head_ = nullptr;
  wait_node* tail_ = nullptr;
};

class handed {
 public:
  // Under the lock, just taken out of its list. False: it has given up; not to be touched again.
  [[nodiscard]] bool claim(waiter& w) noexcept {
    if (!w.who->claim(w.when)) return false;
    w.next = nullptr;
    w.when = 0;
    (last_ != nullptr ? last_->next : first_) = &w;
    last_ = &w;
    return true;
  }
  // The waiter's owner, after its wait is over.
  [[nodiscard]] static bool claimed(waiter const& w) noexcept { return w.when == 0; }

  // Without the lock: wakes them, oldest first. `soon` as in parking.hpp; several go to the back of the queue, in order.
  void publish(bool soon) noexcept {
    soon = soon && first_ == last_;
    for (wait_node* n = first_; n != nullptr;) {
      wait_node* const next = n->next;  // its stack may be gone once it is published
      parker* const who = n->who;
      detail::publish(*who, soon);
      n = next;
    }
  }

 private:
  wait_node* first_ = nullptr;
  wait_node* last_ = nullptr;
};

}  // namespace weft::detail
