#include "scheduler/idle.hpp"

#include <algorithm>

#include "scheduler/worker.hpp"

namespace weft::detail {

void idle_workers::wake_searcher() noexcept {
  unsigned none = 0;
  if (!searching_.compare_exchange_strong(none, 1, std::memory_order_acq_rel)) return;
  worker* w = nullptr;
  {
    std::lock_guard guard{lock_};
    if (!sleepers_.empty()) {
      w = sleepers_.back();
      sleepers_.pop_back();
      sleeping_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  if (w == nullptr) {
    searching_.fetch_sub(1, std::memory_order_acq_rel);
  } else {
    w->wake_up();
  }
}

bool idle_workers::begin_search() noexcept {
  auto n = searching_.load(std::memory_order_relaxed);
  do {
    if (n != 0 && 2 * (n + 1) > workers_) return false;
  } while (!searching_.compare_exchange_weak(n, n + 1, std::memory_order_acq_rel, std::memory_order_relaxed));
  return true;
}

void idle_workers::end_search(bool found) noexcept {
  if (searching_.fetch_sub(1, std::memory_order_seq_cst) == 1 && found) notify();
}

void idle_workers::enter(worker& w) noexcept {
  std::lock_guard guard{lock_};
  w.fall_asleep();
  sleepers_.push_back(&w);
  sleeping_.fetch_add(1, std::memory_order_seq_cst);
}

bool idle_workers::leave(worker& w) noexcept {
  std::lock_guard guard{lock_};
  auto const it = std::find(sleepers_.begin(), sleepers_.end(), &w);
  if (it == sleepers_.end()) return false;
  sleepers_.erase(it);
  sleeping_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

void idle_workers::wake_one_more() noexcept {
  worker* w = nullptr;
  {
    std::lock_guard guard{lock_};
    if (sleepers_.empty()) return;
    w = sleepers_.back();
    sleepers_.pop_back();
    sleeping_.fetch_sub(1, std::memory_order_relaxed);
    searching_.fetch_add(1, std::memory_order_acq_rel);
  }
  w->wake_up();
}

void idle_workers::wake(worker& w) noexcept {
  {
    std::lock_guard guard{lock_};
    if (std::erase(sleepers_, &w) == 0) return;
    sleeping_.fetch_sub(1, std::memory_order_relaxed);
    searching_.fetch_add(1, std::memory_order_acq_rel);
  }
  w.wake_up();
}

void idle_workers::wake_all() noexcept {
  while (sleeping() != 0) wake_one_more();
}

}  // namespace weft::detail
