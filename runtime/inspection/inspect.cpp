// Snapshots: copies of the blocks' fields, each valid if the block's generation is still the same afterwards.
#include <weft/inspect.hpp>

#include <algorithm>
#include <ostream>

#include "runtime/inspection/dump.hpp"
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

// As long as the task lives it is this fiber's; else the generation tells, and nobody sees the difference.
void look_at_fiber(future_core const& c, task_info& i, clock::duration now) noexcept {
  parker const* const p = c.where.load(std::memory_order_acquire);
  if (p == nullptr || p->what() != parker::kind::fiber || !p->parked()) return;
  auto const& f = *static_cast<fiber const*>(p);
  i.in_state = std::clamp(now - clock::duration{f.since.load(std::memory_order_relaxed)}, clock::duration{0}, i.age);
  auto const* const sp = static_cast<std::byte const*>(f.context.load(std::memory_order_relaxed));
  i.stack_used = sp != nullptr ? static_cast<std::size_t>(f.top.load(std::memory_order_relaxed) - sp) : 0;
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

char const* name_of_awaited(std::uint8_t kind) noexcept { return kind < std::size(awaited_names) ? awaited_names[kind] : ""; }

std::optional<task_info> look_at(future_core& c, std::uint32_t generation, clock::duration now) {
  task_info i;
  i.state = state_of(c);
  i.id = c.id.load(std::memory_order_relaxed);
  i.parent = c.parent.load(std::memory_order_relaxed);
  i.spawned_at = c.site.load(std::memory_order_relaxed);
  i.age = std::max(now - clock::duration{c.born.load(std::memory_order_relaxed)}, clock::duration{0});
  if (i.state == task_state::scheduled) i.in_state = i.age;
  look_at_fiber(c, i, now);
  if (i.state == task_state::suspended) i.waits_for = waits_for(c);
  i.name = name_if(c, generation, i.id);
  std::atomic_thread_fence(std::memory_order_acquire);
  return c.generation.load(std::memory_order_relaxed) == generation ? std::optional{std::move(i)} : std::nullopt;
}

}  // namespace detail

namespace {

std::vector<task_info> tasks_of(detail::runtime_core const& rt) {
  std::vector<task_info> all;
  for (auto& n : detail::wait_graph(rt).take_nodes()) all.push_back(std::move(n.info));
  return all;
}

}  // namespace

std::vector<task_info> all_tasks() {
  auto const* const self = detail::current_core();
  return self != nullptr ? tasks_of(*self->rt.load(std::memory_order_relaxed)) : std::vector<task_info>();
}

std::vector<task_info> runtime::all_tasks() const { return tasks_of(*core_); }

namespace {

// Whole before it is written: the stream may be slow, or suspend.
template <class Text>
void dump_all(std::ostream& to, Text&& text_of) {
  std::string text;
  if (auto const* const self = detail::current_core()) {
    text = text_of(*self->rt.load(std::memory_order_relaxed));
  } else {
    detail::each_runtime([&](detail::runtime_core const& rt) { text += text_of(rt); });
  }
  to << text;
}

}  // namespace

void dump(std::ostream& to, dump_options o) {
  dump_all(to, [o](detail::runtime_core const& rt) { return detail::dump_of(rt, o); });
}
void dump_json(std::ostream& to, dump_options o) {
  dump_all(to, [o](detail::runtime_core const& rt) { return detail::json_of(rt, o); });
}
void runtime::dump(std::ostream& to, dump_options o) const { to << detail::dump_of(*core_, o); }
void runtime::dump_json(std::ostream& to, dump_options o) const { to << detail::json_of(*core_, o); }

}  // namespace weft
