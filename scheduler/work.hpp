#pragma once
// What a worker finds to do: a fiber that can go on, or a job that nobody has started.
#include <cstdint>

#include <weft/detail/unstarted.hpp>

namespace weft::detail {

struct fiber;
struct stall;
class scheduler;

struct work {
  fiber* ready = nullptr;
  unstarted* start = nullptr;
  explicit operator bool() const noexcept { return ready != nullptr || start != nullptr; }
};

// What the scheduler has to ask of the layer above about jobs. One static table per scheduler.
struct job_hooks {
  void (*run)(unstarted&) noexcept;   // claimed; consumes the entry's reference
  void (*bury)(unstarted&) noexcept;  // a tombstone: drops the entry's reference
  void (*fail)(unstarted&) noexcept;  // claimed; no stack could be had for it: it ends failed with bad_alloc
  void (*describe)(fiber const&, char* out, std::size_t n) noexcept;  // who runs there; async-signal-safe
  void (*quiet)(scheduler&) noexcept;  // by the monitor, if the scheduler asks for it: all its workers have slept for a while
  bool (*stalled)(stall const&) noexcept;  // by the monitor; false: not told, there was nothing to tell of or it was over
};

}  // namespace weft::detail
