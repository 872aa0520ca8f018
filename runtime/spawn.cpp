// Who runs here, and how a task comes to be queued.
#include "runtime/inspection/task_records.hpp"
#include "runtime/task_locals.hpp"
#include <weft/errors.hpp>

namespace weft::detail {

[[gnu::noinline]] future_core*& blocking_core_here() noexcept {
  thread_local future_core* c = nullptr;
  return c;
}

future_core* current_core() noexcept {
  worker* const w = worker::current();
  return w != nullptr ? running_on(*w) : blocking_core_here();
}

runtime_core& runtime_here(char const* what) {
  future_core const* const self = current_core();
  if (self == nullptr) {
    throw no_runtime_error(std::string("weft: ") + what + " outside of a task; use runtime::spawn() or run()");
  }
  return *self->rt.load(std::memory_order_relaxed);
}

void runtime_core::count_outside_spawn(bool callback) {
  // seq_cst with drain(): either it sees the count, or we see `closed` (`refusing`).
  sched->outside_spawned.fetch_add(1, std::memory_order_seq_cst);
  future_core const* const self = current_core();
  bool const inside = self != nullptr && self->rt.load(std::memory_order_relaxed) == this;
  if ((callback ? closed : refusing).load(std::memory_order_seq_cst) && !inside) {
    sched->outside_spawned.fetch_sub(1, std::memory_order_seq_cst);
    throw no_runtime_error("weft: runtime '" + options.name + "' has been shut down");
  }
}

namespace {

std::atomic<std::uint64_t> next_task_id{1};

inline void identify(future_core& c, runtime_core& rt, std::uint64_t id, std::int64_t now, std::uint64_t parent) noexcept {
  c.id.store(id, std::memory_order_relaxed);
  c.born.store(now, std::memory_order_relaxed);
  c.parent.store(parent, std::memory_order_relaxed);
  c.rt.store(&rt, std::memory_order_release);
}

// What is spawned by what runs here has its values.
inline void identify(future_core& c, runtime_core& rt, std::uint64_t id, std::int64_t now, future_core const* self) noexcept {
  if (self == nullptr || self->locals != nullptr) [[unlikely]] c.locals = share(locals_here());
  identify(c, rt, id, now, self != nullptr ? self->id.load(std::memory_order_relaxed) : 0);
}

// Ids are handed to workers in blocks.
std::uint64_t id_from(worker& w) noexcept {
  constexpr std::uint64_t block = 1024;
  if (w.next_id == w.last_id) [[unlikely]] {
    w.next_id = next_task_id.fetch_add(block, std::memory_order_relaxed);
    w.last_id = w.next_id + block;
  }
  return w.next_id++;
}

}  // namespace

void runtime_core::adopt(future_core& c) noexcept {
  identify(c, *this, next_task_id.fetch_add(1, std::memory_order_relaxed), sched->now(), current_core());
  if (recording()) [[unlikely]] record_spawn(c);
}

void runtime_core::adopt_taker(future_core& c, worker& w, future_core const& caller, task_locals* locals) noexcept {
  c.locals = share(locals);
  identify(c, *this, id_from(w), w.coarse_now, caller.id.load(std::memory_order_relaxed));
  if (recording()) [[unlikely]] record_spawn(c);
  w.spawned.add();
}

// Out of line: what is not spawned by a task of the same runtime.
[[gnu::noinline]] void runtime_core::submit_outside(future_core& c, future_core const* self) {
  count_outside_spawn(c.kind == core_kind::callback);
  identify(c, *this, next_task_id.fetch_add(1, std::memory_order_relaxed), sched->now(), self);
  if (recording()) [[unlikely]] record_spawn(c);
  sched->submit(c);
}

[[gnu::always_inline]] inline void runtime_core::submit_here(future_core& c, worker& w, future_core const* self, bool recorded) {
  w.make_room_for(c);  // the push itself cannot fail
  identify(c, *this, id_from(w), w.coarse_now, self);
  if (recorded) record_spawn(c);
  w.spawned.add();
  w.push(c);
}

void runtime_core::submit(future_core& c, worker* w, future_core const* self) {
  if (c.stack_kib * std::size_t{1024} == options.stack_size) c.stack_kib = 0;
  if (w == nullptr || &w->home != sched.get()) {
    submit_outside(c, self);
    return;
  }
  submit_here(c, *w, self, recording());
}

namespace {

// Flat: a child of a group comes this way, and a call more is 3 % of it.
[[gnu::noinline, gnu::flatten]] void launch_elsewhere(future_core& c, runtime_core* rt, worker* w) {
  future_core const* const self = w != nullptr ? running_on(*w) : blocking_core_here();
  if (rt == nullptr) rt = self != nullptr ? self->rt.load(std::memory_order_relaxed) : &runtime_here("spawn()");
  rt->submit(c, w, self);
}

}  // namespace

void launch(future_core& c, runtime_core* rt) {
  worker* const w = worker::current();
  if (rt == nullptr && w != nullptr && c.stack_kib == 0 && !recording()) [[likely]] {
    if (future_core const* const self = running_on(*w)) [[likely]] {
      self->rt.load(std::memory_order_relaxed)->submit_here(c, *w, self, false);
      return;
    }
  }
  launch_elsewhere(c, rt, w);
}

}  // namespace weft::detail
