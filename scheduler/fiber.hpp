#pragma once
// fiber: the control block of a stack that work runs on. Type-stable: blocks come from slabs that are never unmapped.
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "scheduler/stack.hpp"
#include "scheduler/timer_wheel.hpp"
#include <weft/detail/parker.hpp>

namespace weft::detail {

class scheduler;
class task_locals;

// What the C++ runtime keeps per thread about exceptions in flight (Itanium ABI, __cxa_eh_globals).
struct exception_state {
  void* caught = nullptr;
  unsigned uncaught = 0;
};

// By cache lines: what wakes it; what every switch touches, no more than this one; the rest.
struct alignas(64) fiber : parker {
  fiber() noexcept : parker(kind::fiber) {}

  timer_entry timer;                // first, see timer_offset(); one for all deadlines of what runs on it

  std::atomic<void*> context{nullptr};  // where it stopped; null: it begins anew when it is next used
  exception_state exceptions;
  int saved_errno = 0;
  std::uint32_t ready_since = 0;    // sampler.hpp
  scheduler* home = nullptr;
  stack_pool* stacks = nullptr;     // where `memory` came from
  std::atomic<std::uint64_t> parks{0};  // so often it has been left to be woken; its owner's
  std::atomic<std::int64_t> since{0};   // the last time, by the worker's coarse clock

  stack memory;
  std::atomic<std::byte*> top{nullptr};  // of `memory`, for inspection by others
  std::byte* inline_limit = nullptr;  // a frame above it still has the stack that its scheduler promises a job
  std::atomic<void*> current{nullptr};  // the innermost logical task (runtime's business)
  std::atomic<std::uint64_t> waits_for{0};  // and what that waits for (likewise)
  task_locals* locals = nullptr;    // what counts outside of tasks (runtime's business)
  fiber* next = nullptr;            // link of the queue or free list it is in
  void* sanitizer = nullptr;        // TSan's fiber, or ASan's fake stack

  static constexpr std::size_t timer_offset() noexcept { return sizeof(parker); }
};
static_assert(sizeof(parker) % alignof(timer_entry) == 0);

// A fiber with a stack from that pool; null: no memory to be had.
[[nodiscard]] fiber* acquire_fiber(stack_pool&) noexcept;
void release_fiber(fiber*) noexcept;

// The fiber whose stack begins at `base`, for the overflow report (async-signal-safe).
[[nodiscard]] fiber* fiber_of_stack(void const* base) noexcept;

}  // namespace weft::detail
