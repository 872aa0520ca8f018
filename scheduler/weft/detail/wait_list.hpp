#pragma once
// wait_list: the continuation list, first come first served, of those who wait for one thing. One word.
//
//   word_  0                     nobody waits
//          node                  one waits (the common case: registers and leaves by one CAS)
//          node | list           two or more; `node` is the oldest of a circular doubly linked list
//          ... | locked          somebody edits: pointer swaps only, never user code, never over a switch
//          ... | closed          the thing has happened; nobody registers again. With waiters: being taken in batches
//
// Invariants
//   L1  closed is never cleared.
//   L2  `linked` and the links of a node change only under the lock (or before its owner has registered it).
//   L3  Nobody touches a waiter's node after unlinking it and unlocking: its stack may be gone. What is needed to wake
//       the waiter (its parker, type-stable) is copied under the lock. A claimed waiter is pinned until published.
//   L4  A lone waiter cannot leave while somebody reads its node: reading needs the lock bit, leaving needs its absence.
// Orders: unlock (release) pairs with lock (acquire); registering (release) pairs with the taker's lock (acquire): node
//   fields; close (release) pairs with closed() (acquire): what was written before the thing happened.
#include <cstddef>
#include <cstdint>

#include <weft/detail/parker.hpp>

namespace weft::detail {

struct wait_node {
  plain<wait_node*> next{nullptr};
  plain<wait_node*> prev{nullptr};
  plain<parker*> who{nullptr};  // null: a callback's node, which lives on the heap and belongs to whoever took it
  plain<parker::epoch> when{0};
  plain<bool> linked{false};
};

class wait_list {
 public:
  wait_list() = default;
  wait_list(wait_list const&) = delete;
  wait_list& operator=(wait_list const&) = delete;

  [[nodiscard]] bool closed() const noexcept { return (word_.load(std::memory_order_acquire) & closed_bit) != 0; }

  // False: closed already, not registered.
  [[nodiscard]] bool push(wait_node& n) noexcept {
    n.next = &n;
    n.prev = &n;
    n.linked = true;
    backoff wait;
    for (auto w = word_.load(std::memory_order_acquire);;) {
      if (w & closed_bit) {
        n.linked = false;
        return false;
      }
      if (w == 0) {
        if (word_.compare_exchange_weak(w, address(n), std::memory_order_acq_rel, std::memory_order_acquire)) return true;
      } else if (w & lock_bit) {
        wait.pause();
        w = word_.load(std::memory_order_acquire);
      } else if (lock(w)) {
        wait_node* const head = node(w);
        wait_node* const tail = head->prev;
        n.next = head;
        n.prev = tail;
        tail->next = &n;
        head->prev = &n;
        unlock(address(*head) | list_bit);
        return true;
      }
    }
  }

  // Nobody is registered. After a fence: whoever registers from now on, and then has a fence, sees what was written before.
  [[nodiscard]] bool empty() const noexcept { return (word_.load(std::memory_order_relaxed) & ~closed_bit) == 0; }

  // The owner leaves. False: somebody has taken the node; he will not touch it again (or has claimed the wait).
  bool remove(wait_node& n) noexcept {
    backoff wait;
    for (auto w = word_.load(std::memory_order_acquire);;) {
      if (w == address(n)) {
        if (word_.compare_exchange_weak(w, 0, std::memory_order_acq_rel, std::memory_order_acquire)) {
          n.linked = false;
          return true;
        }
      } else if (w & lock_bit) {
        wait.pause();
        w = word_.load(std::memory_order_acquire);
      } else if ((w & pointer_mask) == 0) {
        return false;
      } else if (lock(w)) {
        bool const mine = n.linked;
        unlock((mine ? unlink(n, node(w)) : w & (pointer_mask | list_bit)) | (w & closed_bit));
        return mine;
      }
    }
  }

  // Hands over to the oldest waiter whose wait is still open. The caller fills what the node points to, then
  // publishes node->who. Null: nobody waits any more.
  [[nodiscard]] wait_node* claim_oldest() noexcept {
    backoff wait;
    for (auto w = word_.load(std::memory_order_acquire);;) {
      if (w & lock_bit) {
        wait.pause();
        w = word_.load(std::memory_order_acquire);
        continue;
      }
      if ((w & pointer_mask) == 0) return nullptr;
      if (!lock(w)) continue;
      auto rest = w & (pointer_mask | list_bit);
      while (rest != 0) {
        wait_node* const n = node(rest);
        rest = unlink(*n, n);
        parker* const who = n->who;
        if (who->claim(n->when)) {
          unlock(rest | (w & closed_bit));
          return n;
        }
      }
      unlock(w & closed_bit);
      return nullptr;
    }
  }

  // The thing has happened. `wake(parker&)` and `take(wait_node&)` (callbacks) run without the lock, oldest first. Whoever
  // sees `closed` may let this list's owner go; `keep` is called, under the lock (those who wait own it), before a waiter
  // is let go while the list will be looked at again.
  template <class Wake, class Take, class Keep = void (*)()>
  void close(Wake&& wake, Take&& take, Keep&& keep = [] {}) noexcept {
    backoff wait;
    for (auto w = word_.load(std::memory_order_relaxed);;) {
      if (w == 0 || w == closed_bit) {
        if (word_.compare_exchange_weak(w, closed_bit, std::memory_order_acq_rel, std::memory_order_relaxed)) return;
      } else if (w & lock_bit) {
        wait.pause();
        w = word_.load(std::memory_order_relaxed);
      } else if (word_.compare_exchange_weak(w, w | lock_bit | closed_bit, std::memory_order_acq_rel,
                                             std::memory_order_relaxed)) {
        auto rest = w & (pointer_mask | list_bit);
        struct {
          parker* who;
          wait_node* callback;
        } batch[batch_size];
        std::size_t taken = 0;
        while (rest != 0 && taken != batch_size) {
          wait_node* const n = node(rest);
          rest = unlink(*n, n);
          batch[taken++] = {n->who, n};
        }
        if (rest != 0) keep();
        unlock(rest | closed_bit);
        for (std::size_t i = 0; i != taken; ++i) {
          if (batch[i].who != nullptr) {
            wake(*batch[i].who);
          } else {
            take(*batch[i].callback);
          }
        }
        if (rest == 0) return;
        w = word_.load(std::memory_order_relaxed);
      }
    }
  }

  // The thing has happened, and nobody but the caller can know this list: a plain store does.
  void close_unshared() noexcept { word_.store(closed_bit, std::memory_order_release); }

  // A recycled block's next life.
  void reset() noexcept { word_.store(0, std::memory_order_relaxed); }

 private:
  static constexpr std::uintptr_t lock_bit = 1, closed_bit = 2, list_bit = 4;
  static constexpr std::uintptr_t pointer_mask = ~std::uintptr_t{7};
  static constexpr std::size_t batch_size = 32;

  static std::uintptr_t address(wait_node& n) noexcept { return reinterpret_cast<std::uintptr_t>(&n); }
  static wait_node* node(std::uintptr_t w) noexcept { return reinterpret_cast<wait_node*>(w & pointer_mask); }

  bool lock(std::uintptr_t& w) noexcept {
    return word_.compare_exchange_weak(w, w | lock_bit, std::memory_order_acquire, std::memory_order_acquire);
  }
  void unlock(std::uintptr_t w) noexcept { word_.store(w, std::memory_order_release); }

  // Under the lock: takes `n` out of the list that begins at `head`; returns the word for what is left.
  static std::uintptr_t unlink(wait_node& n, wait_node* head) noexcept {
    n.linked = false;
    wait_node* const next = n.next;
    wait_node* const prev = n.prev;
    if (next == &n) return 0;
    next->prev = prev;
    prev->next = next;
    wait_node* const first = head == &n ? next : head;
    return address(*first) | (static_cast<wait_node*>(first->next) == first ? 0 : list_bit);
  }

  atomic<std::uintptr_t> word_{0};
};

}  // namespace weft::detail
