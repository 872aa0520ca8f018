#pragma once
// The switch of stacks: Boost.Context's raw jump, plus what a stack needs besides registers. The sanitizers are told.
#include "scheduler/fiber.hpp"

namespace weft::detail {

// Where a thread came from before it went onto fibers; the sanitizers want to know its stack.
struct native_context {
  fiber self;
};

void begin_fiber(fiber&) noexcept;  // a block gets a stack
void end_fiber(fiber&) noexcept;    // and loses it

// Leaves `from` for `to`; returns when somebody switches back, perhaps on another thread: then `*arrived_from` is the
// context that was left for this one. A fresh fiber starts in `entry`, which never returns.
using fiber_entry = void (*)(void* left_context) noexcept;
[[nodiscard]] void* switch_context(fiber& from, fiber& to, fiber_entry entry) noexcept;

// To be called first on a fresh fiber (the sanitizers' half of the arrival).
void arrive_fresh(fiber& self) noexcept;

}  // namespace weft::detail
