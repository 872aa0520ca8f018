#pragma once
// idle_workers: who sleeps, who searches, whom to wake. One wake per need, no wake without a sleeper.
//
// Protocol
//   to post work:   make it visible; light_fence; if nobody searches and somebody sleeps: wake one, born searching
//   to go to sleep: enter() (counted as a sleeper, no longer as a searcher); heavy_fence; look at everything once more;
//                   only then sleep
//   Either the poster sees the sleeper, or the sleeper's last look sees the work (the two fences order the four accesses).
//   A poster that relies on a searcher is right as well: the searcher either finds the work or goes through enter().
//   A searcher that finds work and is the last one wakes the next (a chain instead of a herd).
// Rejected: a wake for every push (a futex call per spawn), and waking nobody until the worker's next tick (a push before
// a long computation would wait for its end).
#include <atomic>
#include <mutex>
#include <vector>

#include "scheduler/fence.hpp"

namespace weft::detail {

class worker;

class idle_workers {
 public:
  idle_workers(unsigned workers, unsigned stand_ins) : workers_(workers) { sleepers_.reserve(workers + stand_ins); }

  // After work was made visible.
  void notify() noexcept {
    light_fence();  // pairs with heavy_fence between enter() and the last look
    if (sleeping_.load(std::memory_order_relaxed) != 0 && searching_.load(std::memory_order_relaxed) == 0) wake_searcher();
  }

  // At most half of the workers search at a time.
  [[nodiscard]] bool begin_search() noexcept;
  void end_search(bool found) noexcept;

  void enter(worker&) noexcept;
  // False: somebody has popped this worker already, which makes it a searcher.
  [[nodiscard]] bool leave(worker&) noexcept;

  [[nodiscard]] unsigned sleeping() const noexcept { return sleeping_.load(std::memory_order_relaxed); }
  void wake_one_more() noexcept;  // whoever searches
  void wake(worker&) noexcept;    // if it sleeps
  void wake_all() noexcept;

 private:
  void wake_searcher() noexcept;

  alignas(64) std::atomic<unsigned> sleeping_{0};
  std::atomic<unsigned> searching_{0};
  unsigned const workers_;
  std::mutex lock_;
  std::vector<worker*> sleepers_;  // LIFO: the warmest first
};

}  // namespace weft::detail
