#pragma once
// What a runtime has counted and measured; of each worker, and summed up. Monotone unless it says `now`.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <weft/detail/duration_buckets.hpp>

namespace weft {

// Delays and slices are measured for one in so many, at random: what the histograms count is that part of the whole.
inline constexpr unsigned measured_one_in = detail::measured_one_in;

// counts[i]: how many took at most bounds[i], and longer than bounds[i - 1]. The last: longer than all bounds.
struct duration_histogram {
  static constexpr auto bounds = detail::duration_bounds;  // 1 µs, 2, 5, 10 and so on, to 10 s
  std::array<std::uint64_t, bounds.size() + 1> counts{};
  std::chrono::nanoseconds sum{};
  [[nodiscard]] std::uint64_t count() const noexcept;
};

struct worker_metrics {
  std::uint64_t spawned = 0, finished = 0, failed = 0, cancelled = 0, steals = 0, parks = 0, wakes = 0, ticks = 0, switches = 0;
  std::chrono::nanoseconds busy{};           // CPU time that its thread has had; in a simulation 0
  std::uint64_t queued = 0;                  // now, about: what is ready or not begun, in its own queues
};

struct runtime_metrics : worker_metrics {    // sums, with what other threads have done
  std::string name;                          // runtime_options::name
  std::vector<worker_metrics> workers;
  std::uint64_t live = 0;                    // now: spawned and not ended
  std::uint64_t scheduled = 0, running = 0, suspended = 0;  // now, about: of these, in each state
  std::uint64_t awake = 0, idle = 0;         // now: workers that run something or look for it, and those that sleep
  std::uint64_t stand_ins = 0;               // now: threads that work along because workers are stuck; they are among all of these
  std::uint64_t injected = 0;                // now: in the queue all workers share: from other threads, or without room in a worker's own
  std::uint64_t timers = 0;                  // now: waits that end at some time if nothing happens before, sleeps among them
  std::uint64_t stacks = 0, unguarded_stacks = 0;  // now, of the whole process
  std::uint64_t stalls = 0;                  // tasks that kept a worker for stall_threshold
  std::uint64_t blocking_threads = 0, blocking_queue = 0;  // now
  duration_histogram delay;                  // from being woken or spawned until a worker runs it
  duration_histogram slice;                  // from then until it waits, yields or ends: so long it keeps its worker
};                                           // Who is run in place by its joiner has neither: it is a part of the joiner's slice.

// In Prometheus' text format, version 0.0.4: docs/metrics.md has a table. Several runtimes go in one call, for a family comes once.
[[nodiscard]] std::string to_prometheus(runtime_metrics const&);
[[nodiscard]] std::string to_prometheus(std::span<runtime_metrics const>);

}  // namespace weft
