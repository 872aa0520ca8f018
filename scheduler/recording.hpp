#pragma once
// What is recorded of fibers and workers. Callers ask recording() first.
#include <cstdint>

#include "scheduler/recorder.hpp"

namespace weft::detail {

struct fiber;

// The detail of happened::switched: did the one that stopped park, and what does it wait for, as the runtime numbers that?
struct stopped {
  bool parked;
  std::uint8_t waits_for;

  explicit stopped(std::uint64_t detail) noexcept : parked((detail & parks) != 0), waits_for(static_cast<std::uint8_t>(detail)) {}
  [[nodiscard]] static std::uint64_t detail(bool parked, std::uint8_t waits_for) noexcept { return (parked ? parks : 0) | waits_for; }
  static constexpr std::uint64_t parks = 0x100;
};

// The detail of happened::woken.
enum class woken_by : std::uint8_t { task, timer, worker };  // task: whatever runs on that thread, if anything does

void record_switch(fiber const& from, fiber const& to, bool parks) noexcept;  // on the worker's thread, before `from` can be resumed
void record_wake(fiber const&, woken_by) noexcept;        // it was parked; before anybody can resume it

// While one lives whoever is woken by this thread is woken by its worker: no task does it, though one may be running. Not over a switch.
class worker_acts {
 public:
  worker_acts() noexcept { mark(true); }
  ~worker_acts() { mark(false); }
  worker_acts(worker_acts const&) = delete;
  worker_acts& operator=(worker_acts const&) = delete;

 private:
  static void mark(bool) noexcept;
};

}  // namespace weft::detail
