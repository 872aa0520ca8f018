#pragma once
// Counters of a runtime, summed up when read. Monotone unless said otherwise.
#include <cstdint>
#include <vector>

namespace weft {

struct worker_metrics {
  std::uint64_t spawned = 0, finished = 0, failed = 0, cancelled = 0, steals = 0, parks = 0, wakes = 0, ticks = 0, switches = 0;
};

struct runtime_metrics : worker_metrics {    // sums, with what other threads have done
  std::vector<worker_metrics> workers;
  std::uint64_t live = 0;                    // now: spawned and not ended
  std::uint64_t suspended = 0;               // now: started and waiting
  std::uint64_t stacks = 0, unguarded_stacks = 0;  // now, of the whole process
  std::uint64_t stand_ins = 0;               // now: threads that work along because workers are stuck; they are among `workers`
  std::uint64_t stalls = 0;                  // tasks that kept a worker for stall_threshold
  std::uint64_t blocking_threads = 0, blocking_queue = 0;  // now
};

}  // namespace weft
