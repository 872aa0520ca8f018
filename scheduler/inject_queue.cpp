#include "scheduler/inject_queue.hpp"

#include <mutex>

namespace weft::detail {

void inject_queue::push(fiber* f) noexcept {
  std::lock_guard guard{lock_};
  fibers_.append(f);
  ready_.store(ready() + 1, std::memory_order_relaxed);
  size_.fetch_add(1, std::memory_order_relaxed);
}

void inject_queue::push(unstarted* j) noexcept {
  std::lock_guard guard{lock_};
  jobs_.append(j);
  size_.fetch_add(1, std::memory_order_relaxed);
}

work inject_queue::pop(bool start) noexcept {
  if (empty()) return {};
  std::lock_guard guard{lock_};
  work w;
  if (fiber_next_ || !start || jobs_.first == nullptr) w.ready = fibers_.take();
  if (w.ready == nullptr && start) w.start = jobs_.take();
  if (w.ready != nullptr) ready_.store(ready() - 1, std::memory_order_relaxed);
  if (w) size_.fetch_sub(1, std::memory_order_relaxed);
  fiber_next_ = w.start != nullptr;
  return w;
}

}  // namespace weft::detail
