#pragma once
// What a job does before its effect is entered. A real one would do something useful here; this one waits, as for a service that
// it asks, or fails.

#include <stdexcept>
#include <string>
#include <weft/task.hpp>

#include "store.hpp"

namespace jobs {

// S  Its result. What it throws is the error of this attempt. It may run again, elsewhere even at the same time, if its lease is lost:
// what must happen once only belongs into store::finish().
inline std::string perform(job const& j) {
  weft::this_task::sleep_for(j.takes);
  if (j.fails) throw std::runtime_error{"it is one of those that fail"};
  return std::to_string(j.takes.count()).append(" ms");
}

}  // namespace jobs
