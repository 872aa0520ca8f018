#pragma once
// The report of a stack overflow: a SIGSEGV handler that names the task, then passes the signal on.
//
// It runs on the thread's alternate stack (the fiber's own has no room left), so every worker owns one.

#include <cstddef>

#include <signal.h>

namespace weft::detail {

// Writes who runs on the stack at `stack_base`, as "task 'name' (id 7, spawned at f.cpp:12)", ended by a
// zero. Must be async-signal-safe.
using describe_fn = void (*)(void* stack_base, char* out, std::size_t n) noexcept;

// Counted: the first installs, the last removes. The newest `describe` counts; null: "a task".
void install_overflow_handler(describe_fn describe) noexcept;

// The last one restores the previous action, unless someone has installed another over ours since: then ours
// stays below it and only passes on.
void remove_overflow_handler() noexcept;

// Gives this thread an alternate signal stack; the previous one comes back at the end. To be destroyed on the
// thread that made it. Without memory for it the thread has no report, but dies of the overflow all the same.
class alternate_stack {
 public:
  alternate_stack() noexcept;
  ~alternate_stack();
  alternate_stack(alternate_stack const&) = delete;
  alternate_stack& operator=(alternate_stack const&) = delete;

 private:
  void* memory_ = nullptr;
  stack_t previous_{};
};

}  // namespace weft::detail
