#pragma once
// Both ways between weft and oneTBB: its algorithms for a task, weft's futures for its tasks. Component weft::tbb.
//
// oneTBB's algorithms must not run on a fiber: they judge by the thread's stack how deep they may go, and they block the thread.
// So run_in_arena() runs a callable on oneTBB's own threads, as many as oneTBB has for the arena, while the task that it
// returns waits for it without a worker. There the thread is a plain one: no task is current, so nothing cancels weft's
// waits, which block the thread; and spawning takes a runtime&.
#include <source_location>
#include <utility>

#include <oneapi/tbb/task_arena.h>

#include <weft/detail/several.hpp>
#include <weft/task.hpp>

namespace weft {
namespace detail {
void launch_in_arena(future_core&, tbb::task_arena*);  // null: the one that all share
void wait_in_arena(future_core&);

template <class F>
auto run_in_arena(tbb::task_arena* arena, F&& f, std::source_location site) {
  require_runnable<F>();
  if constexpr (runnable<F>) {
    auto& c = make_task(std::forward<F>(f), nullptr, site);
    try {
      launch_in_arena(c, arena);
    } catch (...) {
      payload<F>::discard(c);
      free_core(c);
      throw;
    }
    return task<result_of<F>>(&c);
  }
}
}  // namespace detail

// Runs f in an arena that all calls without one share, with as many threads as this process has CPUs to use. Cancelled before it
// has started: f never runs. Cancelled while it runs: the task ends cancelled when f has returned. Outside of a task: no_runtime_error.
template <class F>
[[nodiscard]] auto run_in_arena(F&& f, std::source_location site = std::source_location::current()) {
  return detail::run_in_arena(nullptr, std::forward<F>(f), site);
}
// The same in an arena of one's own.
template <class F>
[[nodiscard]] auto run_in_arena(tbb::task_arena& arena, F&& f, std::source_location site = std::source_location::current()) {
  return detail::run_in_arena(&arena, std::forward<F>(f), site);
}

// Inside a oneTBB task: waits until the future is done; meanwhile the oneTBB task is suspended and its thread does others. It
// may go on on another thread, so no lock of a thread may be held. Throws nothing: then f.get() does not block.
// Anywhere else: f.wait().
template <detail::any_handle H>
void wait_in_arena(H const& f) {
  detail::wait_in_arena(detail::core_access::of(f));
}

}  // namespace weft
