#pragma once
// halted: a parked fiber that is looked at. While this lives it does not go on: its stack, and what it waits for, stay.
// Whoever wakes it meanwhile is not held up: it goes on afterwards. Not in a handler of signals; no suspension meanwhile.
#include "scheduler/fiber.hpp"
#include "scheduler/scheduler.hpp"

namespace weft::detail {

class halted {
 public:
  explicit halted(fiber& f) noexcept : who_(f.halt() ? &f : nullptr) {}
  ~halted() {
    if (who_ != nullptr && !who_->commit_park()) who_->home->make_ready(*who_, false);
  }
  halted(halted const&) = delete;
  halted& operator=(halted const&) = delete;

  // False: it was not parked.
  explicit operator bool() const noexcept { return who_ != nullptr; }

 private:
  fiber* const who_;
};

}  // namespace weft::detail
