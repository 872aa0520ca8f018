#pragma once
// timeline: recordings put together: who ran where from when to when, who made whom ready, how each task lived.
#include <cstdint>
#include <source_location>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/recorder.hpp"
#include <weft/detail/job.hpp>

namespace weft::detail {

// All times: ns of the steady clock.
struct timeline {
  static constexpr std::size_t none = SIZE_MAX;

  // A task ran on a thread. Slices of one thread nest: the child that a join has inlined lies within its parent's.
  struct slice {
    enum class stop : std::uint8_t { recording_ended, suspended, yielded, child_stopped, ended };
    std::uint64_t task = 0;
    std::size_t thread = 0;
    std::size_t within = none;          // the slice around it
    std::int64_t begin = 0, end = 0;
    stop why = stop::recording_ended;
    std::uint8_t detail = 0;            // suspended: an awaited::kind; ended: a job_state
    bool arrives = false;               // it was started or resumed, not just seen or continued
  };

  // A task could run from then on, and did.
  struct wait_for_worker {
    enum class cause : std::uint8_t { spawned, woken, yielded };
    cause why = cause::spawned;
    std::int64_t at = 0;
    std::size_t by = none;              // the slice in which it was woken or spawned, if a task did it
    std::size_t until = none;           // the slice that begins then
  };

  struct life {
    std::uint64_t parent = 0;
    std::int64_t begin = INT64_MAX;     // spawned, or first heard of
    std::int64_t end = INT64_MAX;       // not yet
    job_state how = job_state::queued;
    std::source_location site{};
    std::string name;                   // as given; most have none
    std::int64_t named = 0;             // then
    bool whole = false;                 // its spawn is recorded
  };

  struct queue_length {
    std::size_t thread = 0;
    std::int64_t at = 0;
    std::uint64_t unstarted = 0, ready = 0;
  };

  // std::bad_alloc
  explicit timeline(recorded&&);

  [[nodiscard]] std::string name_of(std::uint64_t task) const;   // as weft::task's
  [[nodiscard]] std::string class_of(std::uint64_t task) const;  // its name; one for all that are spawned at one place, if they have none

  std::vector<recorded_thread> threads;        // without their records
  std::int64_t begin = 0, end = 0;
  std::vector<slice> slices;                   // those around another before it
  std::vector<wait_for_worker> waits;
  std::vector<queue_length> queues;
  std::unordered_map<std::uint64_t, life> tasks;

 private:
  void ask_the_living();
};

}  // namespace weft::detail
