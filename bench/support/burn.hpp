#pragma once
// Work of a given length, by the clock: it neither waits nor touches memory.
#include <chrono>
#include <ctime>

namespace bench {

inline void burn(std::chrono::nanoseconds time) {
  auto const end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

// Work that takes so much of a CPU, however often it is taken away.
inline void burn_cpu(std::chrono::nanoseconds time) {
  auto const used = [] {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
  };
  auto const end = used() + time;
  while (used() < end) {
  }
}

}  // namespace bench
