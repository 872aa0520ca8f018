#pragma once
// An asymmetric full fence: nearly free where it is frequent, expensive where somebody goes to sleep anyway.
// light_fence() in one thread and heavy_fence() in another order their surrounding accesses as two seq_cst fences would.
#include <atomic>

namespace weft::detail {

extern bool const have_membarrier;  // the process is registered for it; else both are seq_cst fences
void heavy_fence() noexcept;

inline void light_fence() noexcept {
  if (have_membarrier) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

}  // namespace weft::detail
