#pragma once
// How a joiner gets hold of the very job it waits for, so that it can run it in place. Invariants: job.hpp.
#include "scheduler/deque.hpp"
#include <weft/detail/job.hpp>

namespace weft::detail {

enum class claimed {
  no,        // somebody else has it, or has run it
  popped,    // it was the newest entry of the joiner's own deque: the entry's reference is the joiner's now
  in_place,  // out of order: its entry stays behind, in whatever deque, as a tombstone that keeps its reference
};

// The caller holds a handle of the child, is the owner of `own`, and has seen that the child is its newest entry.
template <class Job>
[[nodiscard, gnu::always_inline]] inline bool claim_newest(work_deque<Job>& own, Job& child) noexcept {
  if (own.pop() != &child) return false;  // a thief has it
  // J3. The look at the state is for a handle that was copied, joined in place through the copy, and dropped again.
  if (child.sole_handle() && child.unclaimed()) {
    child.claim_unshared();
    return true;
  }
  if (child.claim()) return true;
  (void)child.drop_owner(job::one_entry);  // never the last: the caller holds a handle
  return false;
}

// The same, wherever the child's entry lies.
template <class Job>
[[nodiscard]] inline claimed claim_for_join(work_deque<Job>& own, Job& child) noexcept {
  if (own.newest() == &child && claim_newest(own, child)) return claimed::popped;
  return child.claim() ? claimed::in_place : claimed::no;
}

// Drops dead entries from the bottom; the first one alive goes back. They are not looked at before they are owned: a fork's
// stack may be gone by then (J5). `bury` drops the entry's reference. A push follows, which wakes whoever has missed what went back.
template <class Job, class Bury>
void trim_tombstones(work_deque<Job>& own, Bury&& bury) noexcept {
  while (Job* const x = own.pop()) {
    if (x->unclaimed()) {
      own.push(x);
      return;
    }
    bury(*x);
  }
}

}  // namespace weft::detail
