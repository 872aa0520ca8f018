#pragma once
// Calls that block an OS thread, off the workers.
#include <memory>
#include <source_location>

#include <weft/task.hpp>

namespace weft {
namespace detail {

class thread_pool;
void launch_blocking(future_core&, thread_pool*);  // null: the running task's runtime's own pool
std::shared_ptr<thread_pool> make_thread_pool(unsigned threads);

// At the end of a call's block, of use while it is queued: thread_pool.hpp.
struct queued_call {
  thread_pool* pool;
  unstarted* before;
};

template <class F>
auto call_on(thread_pool* pool, F&& f, std::source_location site, std::uint8_t flags = 0) {
  require_runnable<F>();
  if constexpr (runnable<F>) {
    auto& c = make_task(std::forward<F>(f), nullptr, site, sizeof(queued_call));
    c.flags.store(flags, std::memory_order_relaxed);
    try {
      launch_blocking(c, pool);
    } catch (...) {
      payload<F>::discard(c);
      free_core(c);
      throw;
    }
    return task<result_of<F>>(&c);
  }
}

}  // namespace detail

// Runs f on an elastic pool of OS threads (runtime_options::max_blocking_threads). Cancelled before it has started: it never
// runs, and ends at once. Cancelled while it runs: the task ends cancelled when the call has returned. Outside of a task: no_runtime_error.
template <class F>
[[nodiscard]] auto run_blocking(F&& f, std::source_location site = std::source_location::current()) {
  return detail::call_on(nullptr, std::forward<F>(f), site);
}

// Threads of one's own for a kind of calls, at most `threads` at a time. Destroyed: what is queued still runs.
class blocking_pool {
 public:
  // 0: std::invalid_argument.
  explicit blocking_pool(unsigned threads) : pool_(detail::make_thread_pool(threads)) {}

  // As run_blocking.
  template <class F>
  [[nodiscard]] auto submit(F&& f, std::source_location site = std::source_location::current()) {
    return detail::call_on(pool_.get(), std::forward<F>(f), site);
  }

 private:
  std::shared_ptr<detail::thread_pool> pool_;
};

}  // namespace weft
