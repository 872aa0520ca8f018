// Counters: read from each worker, summed up here.
#include <weft/metrics.hpp>

#include "runtime/runtime_core.hpp"

namespace weft {

runtime_metrics runtime::metrics() const {
  runtime_metrics m;
  auto const& s = *core_->sched;
  for (auto const& w : s.workers()) {
    worker_metrics one;
    one.spawned = w->spawned.get();
    one.finished = w->finished.get();
    one.failed = w->failed.get();
    one.cancelled = w->cancelled.get();
    one.steals = w->steals.get();
    one.parks = w->parks.get();
    one.wakes = w->wakes.get();
    one.ticks = w->ticks.get();
    one.switches = w->switches.get();
    m.spawned += one.spawned;
    m.finished += one.finished;
    m.failed += one.failed;
    m.cancelled += one.cancelled;
    m.steals += one.steals;
    m.parks += one.parks;
    m.wakes += one.wakes;
    m.ticks += one.ticks;
    m.switches += one.switches;
    m.workers.push_back(one);
  }
  for (auto const& w : s.workers().subspan(s.options.workers)) m.stand_ins += w->off_duty() ? 0 : 1;
  m.stalls = s.stalls.load(std::memory_order_relaxed);
  m.spawned += s.outside_spawned.load(std::memory_order_relaxed);
  m.finished += s.outside_finished.load(std::memory_order_relaxed);
  m.failed += s.outside_failed.load(std::memory_order_relaxed);
  m.cancelled += s.outside_cancelled.load(std::memory_order_relaxed);
  m.live = core_->live();
  for (auto const& t : all_tasks()) m.suspended += t.state == task_state::suspended ? 1 : 0;
  auto const& stacks = core_->sched->stacks;
  m.stacks = stacks.in_use();
  m.unguarded_stacks = stacks.unguarded();
  m.blocking_threads = core_->blocking->threads();
  m.blocking_queue = core_->blocking->queued();
  return m;
}

}  // namespace weft
