#pragma once
// A bounded queue before something that takes time: so many run, so many more wait for their turn, the rest is turned away.

#include <cstddef>
#include <mutex>
#include <optional>
#include <weft/semaphore.hpp>

namespace service {

class gate {
 public:
  gate(std::ptrdiff_t running, std::ptrdiff_t waiting) : places_{running + waiting}, turns_{running} {}

  struct turn {
    weft::permit place, running;
  };
  // S  Waits for a turn. Empty: the queue is full.
  std::optional<turn> enter() {
    if (!places_.try_acquire()) return std::nullopt;
    weft::permit place{places_, 1, std::adopt_lock};
    return turn{std::move(place), weft::permit{turns_}};
  }

 private:
  weft::semaphore places_, turns_;
};

}  // namespace service
