#pragma once
// Runs f in a oneTBB arena with that many slots, the calling thread in one of them.
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstdint>

namespace bench {

template <class F> void on_tbb(std::int64_t workers, F&& f) {
  tbb::global_control const limit{tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(workers)};
  tbb::task_arena arena{static_cast<int>(workers)};
  arena.execute(f);
}

}  // namespace bench
