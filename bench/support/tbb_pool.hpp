#pragma once
// oneTBB used as a pool: an arena without a slot for the thread that enqueues, so that many worker threads serve it.
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstdint>

namespace bench {

class tbb_pool {
 public:
  explicit tbb_pool(std::int64_t workers)
      : limit_(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(workers) + 1),
        arena_(static_cast<int>(workers), 0) {}

  template <class F> void post(F f) {
    arena_.enqueue(std::move(f));
  }

 private:
  tbb::global_control limit_;  // counts the enqueuing thread
  tbb::task_arena arena_;
};

}  // namespace bench
