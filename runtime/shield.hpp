#pragma once
// shield's half of finish(): what stands in the inner future's list for the outer one.
//
// The outer future is a promise's block without a value of its own: its payload is this link, which owns a handle of the inner
// future; `forwarding` tells readers of values to go on to that one, and ops->error to its error. So a move-only value is
// shared as any other, and who looks at the outer's error has looked at the inner's: it is reported at most once.
// The outer is ended by whoever claims it: its own cancel(), or the inner future's end.
//   H1  The link is in the inner's list, or being told, or let go of. The outer's block goes after that (clear() leaves the
//       list, or waits for the few instructions that a teller still needs).
//   H2  Telling runs no callbacks: they are user code, may suspend, and the outer's last handle may go meanwhile. finish() runs
//       them at the end; settle() has kept a handle for them.
#include "runtime/runtime_core.hpp"
#include <weft/detail/completions.hpp>

namespace weft::detail {

struct shield_link : done_node {
  future_core* inner = nullptr;           // a handle
  future_core* outer = nullptr;
  shield_link* next_ended = nullptr;      // the outer has callbacks to be run, and a handle is kept
  std::atomic<bool> let_go{false};
};

// join.cpp: the end of a future but for its callbacks. True: a handle is kept, for conclude().
bool settle(future_core&, job_state, shield_link*& ended_too) noexcept;
void conclude(future_core&) noexcept;

}  // namespace weft::detail
