#pragma once
// wait_profile: where fibers wait and for how long: the stack of each wait, and the time that is spent at that place. Off, a fiber
// that parks pays for one branch.
#include <atomic>
#include <cstdint>
#include <vector>

#include "scheduler/fiber.hpp"

namespace weft::detail {

inline constinit std::atomic<bool> wait_profile_on{false};
[[nodiscard]] inline bool profiling_waits() noexcept { return wait_profile_on.load(std::memory_order_relaxed); }

void begin_wait_profile(bool on);     // any thread; what there was is forgotten; std::bad_alloc
void end_wait_profile() noexcept;     // what there is can still be read

struct waits_at {
  std::vector<void*> stack;           // return addresses, innermost first; empty: of all for which there was no room
  std::int64_t us = 0;                // those that wait now included
};
[[nodiscard]] std::vector<waits_at> read_wait_profile();  // any thread; one place may be in it several times; std::bad_alloc

// On the fiber that parks, from before it does until it goes on. Ended on another thread perhaps.
class profiled_wait {
 public:
  explicit profiled_wait(fiber const& self) noexcept;
  ~profiled_wait();
  profiled_wait(profiled_wait const&) = delete;
  profiled_wait& operator=(profiled_wait const&) = delete;

  struct place;
  struct table;

 private:
  table& table_;
  place* place_;
};

}  // namespace weft::detail
