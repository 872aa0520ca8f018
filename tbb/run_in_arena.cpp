#include <oneapi/tbb/task.h>
#include <weft/tbb.hpp>

#include "runtime/on_thread.hpp"
#include "scheduler/cpu_count.hpp"

namespace weft::detail {
namespace {

// Never destroyed: oneTBB's threads may still be in it when the process ends. oneTBB has one thread less than CPUs for all arenas
// together, and at least one: bounded, whatever is handed to them. (So one slot stays free; without it oneTBB warns.)
tbb::task_arena& shared_arena() {
  static auto& arena = *new tbb::task_arena(static_cast<int>(usable_cpus()));
  return arena;
}

}  // namespace

void launch_in_arena(future_core& c, tbb::task_arena* arena) {
  runtime_core& rt = runtime_here("run_in_arena()");
  if (rt.sched->options.world != nullptr) {  // the simulation has one thread
    rt.submit(c, worker::current(), current_core());
    return;
  }
  launch_on_thread(c, rt, [&] {
    (arena != nullptr ? *arena : shared_arena()).enqueue([&c] { run_on_thread(c, meanwhile::a_plain_thread); });
  });
}

}  // namespace weft::detail
