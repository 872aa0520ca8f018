#pragma once
// idle_workers: who sleeps, who searches, whom to wake. One wake per need, no wake without a sleeper.
//
// Protocol
//   to post work:   make it visible; light_fence; if nobody searches and somebody sleeps: wake one, born searching
//   to go to sleep: enter() (counted as a sleeper, no longer as a searcher); heavy_fence; look at everything once more;
//                   only then sleep
//   Either the poster sees the sleeper, or the sleeper's last look sees the work (the two fences order the four accesses).
//   A poster that relies on a searcher is right as well: the searcher either finds the work or goes through enter().
//   A poster that wakes is counted as a searcher before it has found a sleeper. If it finds none, others may have relied on it meanwhile:
//   once it no longer counts it looks again, as they would have. (Its RMW of searching_ comes after their load, which comes after the
//   sleeper's count if that has missed their work: so it sees the sleeper.)
//   A searcher that finds work and is the last one wakes the next (a chain instead of a herd).
// Rejected: a wake for every push (a futex call per spawn), and waking nobody until the worker's next tick (a push before
// a long computation would wait for its end).
#include <algorithm>
#include <mutex>
#include <vector>

#include "scheduler/fence.hpp"
#include <weft/detail/atomic.hpp>

namespace weft::detail {

class worker;

// Of workers that can fall_asleep() and wake_up(); templates for the explorer's sake (tests/model).
template <class Worker, class Lock>
class idle_set {
 public:
  idle_set(unsigned workers, unsigned stand_ins) : workers_(workers) { sleepers_.reserve(workers + stand_ins); }

  // After work was made visible.
  void notify() noexcept {
    light_fence();  // pairs with heavy_fence between enter() and the last look
    if (needs_waker(std::memory_order_relaxed)) wake_searcher();
  }

  // At most half of the workers search at a time.
  [[nodiscard]] bool begin_search() noexcept {
    auto n = searching_.load(std::memory_order_relaxed);
    do {
      if (n != 0 && 2 * (n + 1) > workers_) return false;
    } while (!searching_.compare_exchange_weak(n, n + 1, std::memory_order_acq_rel, std::memory_order_relaxed));
    return true;
  }
  void end_search(bool found) noexcept {
    if (searching_.fetch_sub(1, std::memory_order_seq_cst) == 1 && found) notify();
  }

  void enter(Worker& w) noexcept {
    std::lock_guard guard{lock_};
    w.fall_asleep();
    sleepers_.push_back(&w);
    sleeping_.fetch_add(1, std::memory_order_seq_cst);
  }
  // False: somebody has popped this worker already, which makes it a searcher.
  [[nodiscard]] bool leave(Worker& w) noexcept {
    std::lock_guard guard{lock_};
    auto const it = std::find(sleepers_.begin(), sleepers_.end(), &w);
    if (it == sleepers_.end()) return false;
    sleepers_.erase(it);
    sleeping_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  [[nodiscard]] unsigned sleeping() const noexcept { return sleeping_.load(std::memory_order_relaxed); }
  // Whoever searches.
  void wake_one_more() noexcept {
    Worker* w = nullptr;
    {
      std::lock_guard guard{lock_};
      if (sleepers_.empty()) return;
      w = pop();
      searching_.fetch_add(1, std::memory_order_acq_rel);
    }
    w->wake_up();
  }
  // If it sleeps.
  void wake(Worker& w) noexcept {
    {
      std::lock_guard guard{lock_};
      if (std::erase(sleepers_, &w) == 0) return;
      sleeping_.fetch_sub(1, std::memory_order_relaxed);
      searching_.fetch_add(1, std::memory_order_acq_rel);
    }
    w.wake_up();
  }
  void wake_all() noexcept {
    while (sleeping() != 0) wake_one_more();
  }

 private:
  [[nodiscard]] bool needs_waker(std::memory_order o) const noexcept { return sleeping_.load(o) != 0 && searching_.load(o) == 0; }
  Worker* pop() noexcept {
    Worker* const w = sleepers_.back();
    sleepers_.pop_back();
    sleeping_.fetch_sub(1, std::memory_order_relaxed);
    return w;
  }
  void wake_searcher() noexcept {
    do {
      unsigned none = 0;
      if (!searching_.compare_exchange_strong(none, 1, std::memory_order_acq_rel, std::memory_order_relaxed)) return;
      Worker* w = nullptr;
      {
        std::lock_guard guard{lock_};
        if (!sleepers_.empty()) w = pop();
      }
      if (w != nullptr) {
        w->wake_up();
        return;
      }
      searching_.fetch_sub(1, std::memory_order_seq_cst);
    } while (needs_waker(std::memory_order_seq_cst));
  }

  alignas(64) atomic<unsigned> sleeping_{0};
  atomic<unsigned> searching_{0};
  unsigned const workers_;
  Lock lock_;
  std::vector<Worker*> sleepers_;  // LIFO: the warmest first
};

using idle_workers = idle_set<worker, std::mutex>;

}  // namespace weft::detail
