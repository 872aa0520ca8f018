#pragma once
// The seam through which the lock-free kernel reaches memory. The model checker puts a header of the same name
// earlier on the include path and so runs the kernel's own source under its explorer (tests/model).
#include <atomic>
#include <chrono>
#include <thread>

namespace weft::detail {

template <class T>
using atomic = std::atomic<T>;

// Data that the protocols order by themselves; the explorer checks every access to it for races.
template <class T>
using plain = T;

// Waiting for a lock bit that is held for a few instructions.
// Measured: a futex here never slept in any storm; a preempted holder is served by giving up the time slice, and by sleeping where
// that does not help: a real-time thread's yield lets nobody of a lower class run.
class backoff {
 public:
  void pause() noexcept {
    if (++spins_ < 64) {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#elif defined(__aarch64__)
      asm volatile("yield");
#endif
    } else if (spins_ < 1024) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

 private:
  unsigned spins_ = 0;
};

}  // namespace weft::detail
