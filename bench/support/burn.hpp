#pragma once
// Work of a given length, by the clock: it neither waits nor touches memory.
#include <chrono>

namespace bench {

inline void burn(std::chrono::nanoseconds time) {
  auto const end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

}  // namespace bench
