#pragma once
// stall: a task that has kept its worker for very long.
#include <chrono>
#include <cstdint>

#include "scheduler/thread_stack.hpp"
#include "scheduler/worker.hpp"

namespace weft::detail {

struct stall {
  worker const& who;
  std::uint64_t ticks;             // of `who` since it began
  std::chrono::nanoseconds held;   // CPU time it has had, or was blocked for
  bool blocked;                    // in the kernel; else it computes
  thread_stack where;

  [[nodiscard]] bool goes_on() const noexcept { return who.ticks.get() == ticks; }
};

}  // namespace weft::detail
