#pragma once
// schedtrace: with WEFT_SCHEDTRACE=1000 in the environment, every so many milliseconds a line for each runtime on stderr, as Go's
// GODEBUG=schedtrace=1000 has it. The thread that writes them is there only then, and as long as there are runtimes.
//
//   SCHED 1001ms: runtime=service workers=4 idle=3 stand_ins=0 tasks=20 suspended=19 injected=0 steals=12 blocking=1 [0 0 0 0]
//
// Workers and idle ones include stand-ins; steals have been counted from the start; in brackets what each worker has queued.

namespace weft::detail {

class runtime_core;

class schedtrace {
 public:
  // If the environment asks for it, until forget(), which waits while it is being looked at. What cannot be done is said on stderr.
  static void watch(runtime_core const&) noexcept;
  static void forget(runtime_core const&) noexcept;
};

}  // namespace weft::detail
