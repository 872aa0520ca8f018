// Counters and histograms: read from each worker, summed up here. States of tasks are not counted as they change, but looked at.
#include <weft/metrics.hpp>

#include <numeric>

#include "runtime/runtime_core.hpp"

namespace weft {
namespace detail {
namespace {

// All but what it has spawned.
worker_metrics metrics_of(worker const& w) {
  worker_metrics m;
  m.finished = w.finished.get();
  m.failed = w.failed.get();
  m.cancelled = w.cancelled.get();
  m.steals = w.steals.get();
  m.parks = w.parks.get();
  m.wakes = w.wakes.get();
  m.ticks = w.ticks.get();
  m.switches = w.switches.get();
  if (auto const who = w.thread(); who && !w.simulated) m.busy = who->cpu_used();
  m.queued = w.queued();
  return m;
}

void add(worker_metrics& to, worker_metrics const& m) {
  to.finished += m.finished;
  to.failed += m.failed;
  to.cancelled += m.cancelled;
  to.steals += m.steals;
  to.parks += m.parks;
  to.wakes += m.wakes;
  to.ticks += m.ticks;
  to.switches += m.switches;
  to.busy += m.busy;
  to.queued += m.queued;
}

void add(duration_histogram& to, histogram const& h) {
  for (std::size_t i = 0; i != histogram::buckets; ++i) to.counts[i] += h.count(i);
  to.sum += h.sum();
}

// As a task's state is asked for by others: a task that changes meanwhile may be counted as what it was, or not at all.
void count_states(runtime_core const& rt, runtime_metrics& m) {
  each_core([&](future_core& c, std::uint32_t generation) {
    if (c.rt.load(std::memory_order_acquire) != &rt || c.kind == core_kind::promise || c.kind == core_kind::callback) return;
    auto const s = state_of(c);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (s > task_state::suspended || c.generation.load(std::memory_order_relaxed) != generation) return;
    ++(s == task_state::scheduled ? m.scheduled : s == task_state::running ? m.running : m.suspended);
  });
}

}  // namespace

runtime_metrics metrics_of(runtime_core const& rt) {
  runtime_metrics m;
  auto const& s = *rt.sched;
  auto const all = s.workers();
  m.name = rt.options.name;
  for (auto const& w : all) {
    m.workers.push_back(metrics_of(*w));
    add(m, m.workers.back());
    add(m.delay, w->samples.delays());
    add(m.slice, w->samples.slices());
    m.timers += w->timers.get();
    if (w->off_duty()) continue;
    ++(w->asleep() ? m.idle : m.awake);
    m.stand_ins += w->index >= s.options.workers ? 1 : 0;
  }
  if (static_cast<std::int64_t>(m.timers) < 0) m.timers = 0;  // one was armed after its worker was looked at, and disarmed before
  m.finished += s.outside_finished.load(std::memory_order_seq_cst);
  m.failed += s.outside_failed.load(std::memory_order_seq_cst);
  m.cancelled += s.outside_cancelled.load(std::memory_order_seq_cst);
  // After all that has ended: who is counted as ended is counted as spawned, as in live().
  m.spawned = s.outside_spawned.load(std::memory_order_seq_cst);
  for (std::size_t i = 0; i != all.size(); ++i) m.spawned += m.workers[i].spawned = all[i]->spawned.get();
  m.live = m.spawned - m.finished - m.failed - m.cancelled;
  m.injected = s.injected.size();
  m.stalls = s.stalls.load(std::memory_order_relaxed);
  count_states(rt, m);
  m.stacks = s.stacks.in_use();
  m.unguarded_stacks = s.stacks.unguarded();
  m.blocking_threads = rt.blocking->threads();
  m.blocking_queue = rt.blocking->queued();
  return m;
}

}  // namespace detail

std::uint64_t duration_histogram::count() const noexcept { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

runtime_metrics runtime::metrics() const { return detail::metrics_of(*core_); }

}  // namespace weft
