#pragma once
// monitor: one thread for all schedulers there are, which looks at every worker each millisecond as long as one is awake. A worker
// that stays in one task is stuck: it computes, or a call blocks it. Then a stand-in is called, so that as many workers as there are
// CPUs are able; and a task that holds its worker for very long is reported while it does.
//
//   held    what the thread has had of CPU time, or was blocked for, since its ticks stand still. Waiting for a CPU does not count:
//           another thread would wait, too.
//   wake    monitor: dormant = true, fence, are all asleep? worker: awake, fence, dormant? One of the two sees the other.
// Rejected: signals that take the CPU from a task (C++ code holds locks of malloc, of the loader, of the user).
#include <atomic>

namespace weft::detail {

class scheduler;

class monitor {
 public:
  // Until forget(), which waits while it is being looked at. std::system_error: no thread for it.
  static void watch(scheduler&);
  static void forget(scheduler&) noexcept;

  // A worker is awake.
  static void stir() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (dormant_.load(std::memory_order_relaxed)) [[unlikely]] wake();
  }

 private:
  static constinit inline std::atomic<bool> dormant_{false};
  static void wake() noexcept;
  friend class watchman;
};

}  // namespace weft::detail
