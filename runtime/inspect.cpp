// Snapshots: copies of the blocks' fields, each valid if the block's generation is still the same afterwards.
#include <weft/inspect.hpp>

#include "runtime/runtime_core.hpp"
#include <weft/detail/awaited.hpp>

namespace weft {
namespace detail {
namespace {

std::string name_if(future_core& c, std::uint32_t generation, std::uint64_t id) {
  std::lock_guard guard{side_lock(c)};  // free_core takes it to drop the side block
  side_block const* const s = c.side.load(std::memory_order_relaxed);
  bool const alive = c.generation.load(std::memory_order_acquire) == generation;
  return alive && s != nullptr && !s->name.empty() ? s->name : "task-" + std::to_string(id);
}

std::size_t stack_used(future_core const& c) noexcept {
  parker const* const p = c.where.load(std::memory_order_acquire);
  if (p == nullptr || p->what() != parker::kind::fiber || !p->parked()) return 0;
  auto const& f = *static_cast<fiber const*>(p);
  // As long as the task lives it is this fiber's; else the generation tells, and nobody sees the difference.
  auto const* const sp = static_cast<std::byte const*>(f.context.load(std::memory_order_relaxed));
  return sp != nullptr ? static_cast<std::size_t>(f.top.load(std::memory_order_relaxed) - sp) : 0;
}

std::string describe(awaited const a) {
  if (a.what() != awaited::future) return awaited_names[a.what()];
  auto& c = *static_cast<future_core*>(a.where());
  auto const generation = c.generation.load(std::memory_order_acquire);
  auto const id = c.id.load(std::memory_order_relaxed);
  if (c.kind != core_kind::task && c.kind != core_kind::blocking) return "a future";
  return "task '" + name_if(c, generation, id) + "' (id " + std::to_string(id) + ')';
}

std::string waits_for(future_core const& c) {
  parker const* const p = c.where.load(std::memory_order_acquire);
  if (p == nullptr || p->what() != parker::kind::fiber) return {};
  auto const& f = *static_cast<fiber const*>(p);
  if (f.current.load(std::memory_order_relaxed) != &c) return "a task that runs on its stack";
  return describe(awaited(f.waits_for.load(std::memory_order_relaxed)));
}

}  // namespace

std::optional<task_info> look_at(future_core& c, std::uint32_t generation, clock::duration now) {
  task_info i;
  i.state = state_of(c);
  i.id = c.id.load(std::memory_order_relaxed);
  i.parent = c.parent.load(std::memory_order_relaxed);
  i.spawned_at = c.site.load(std::memory_order_relaxed);
  i.age = now - clock::duration{c.born.load(std::memory_order_relaxed)};
  i.stack_used = stack_used(c);
  if (i.state == task_state::suspended) i.waits_for = waits_for(c);
  i.name = name_if(c, generation, i.id);
  std::atomic_thread_fence(std::memory_order_acquire);
  return c.generation.load(std::memory_order_relaxed) == generation ? std::optional{std::move(i)} : std::nullopt;
}

std::vector<task_info> tasks_of(runtime_core const& rt) {
  std::vector<task_info> all;
  auto const now = clock::duration{rt.sched->now()};
  each_core([&](future_core& c, std::uint32_t generation) {
    if (c.rt.load(std::memory_order_acquire) != &rt || c.kind == core_kind::promise || c.kind == core_kind::callback) return;
    if (state_of(c) > task_state::suspended) return;
    if (auto i = look_at(c, generation, now); i && i->state <= task_state::suspended) all.push_back(std::move(*i));
  });
  return all;
}

}  // namespace detail

std::vector<task_info> all_tasks() {
  auto const* const self = detail::current_core();
  return self != nullptr ? detail::tasks_of(*self->rt.load(std::memory_order_relaxed)) : std::vector<task_info>();
}

std::vector<task_info> runtime::all_tasks() const { return detail::tasks_of(*core_); }

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
