#pragma once
// What libweft_lock_check.so tells: which locks of the system (mutexes, read-write locks and spin locks of pthread) a thread holds. weft
// looks it up when debug reports are asked for, and does without where it is not loaded.
#include <cstddef>

struct weft_held_lock {
  void const volatile* lock;
  void const* taken_at;  // what the call returned to
};

// Those of the calling thread, the oldest first, at most so many; the books forget them all. How many were written.
extern "C" std::size_t weft_take_held_locks(weft_held_lock* out, std::size_t most) noexcept;
