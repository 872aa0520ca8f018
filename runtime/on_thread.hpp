#pragma once
// Tasks that run on threads that are no workers: those of a thread_pool, those of another library.
#include <atomic>

#include "runtime/runtime_core.hpp"

namespace weft::detail {

// A task of rt. hand_over() gives it to whoever will run_on_thread() it; if that throws nothing is left behind.
template <class F>
void launch_on_thread(future_core& c, runtime_core& rt, F&& hand_over) {
  c.kind = core_kind::blocking;
  rt.count_outside_spawn();
  rt.adopt(c);
  try {
    std::forward<F>(hand_over)();
  } catch (...) {
    rt.sched->outside_spawned.fetch_sub(1, std::memory_order_seq_cst);
    throw;
  }
}

// Is the task the current one meanwhile (its cancellation reaches its waits), or is the thread as plain as any?
enum class meanwhile : bool { the_task, a_plain_thread };
void run_on_thread(future_core&, meanwhile) noexcept;

}  // namespace weft::detail
