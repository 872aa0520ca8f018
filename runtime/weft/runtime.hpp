#pragma once
// runtime: workers that tasks run on. Several may live side by side.
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include <weft/inspect.hpp>
#include <weft/metrics.hpp>
#include <weft/task.hpp>

namespace weft {

// An error that nobody looked at, or that nobody could be given.
struct unhandled_error {
  std::string task_name;
  std::uint64_t task_id = 0;
  std::source_location spawned_at;
  std::exception_ptr error;
  std::string_view what_happened;
};

struct runtime_options {
  std::string name = "weft";
  unsigned workers = 0;                  // 0: CPUs this process may use (affinity mask and cgroup quota)
  std::size_t stack_size = 256 * 1024;   // address space of a fiber's stack; memory is touched pages only
  unsigned max_blocking_threads = 512;   // for run_blocking
  std::vector<int> cancel_on_signals = {};  // run(): these cancel the main task, see there (empty: none is touched)
  bool overflow_report = true;           // SIGSEGV on a fiber's guard page is reported, then handed to the previous handler
  std::chrono::milliseconds stall_threshold{100};  // a task that keeps its worker for so long is reported on stderr while it does,
                                         // with its stack (one free real-time signal), at most one a second; 0: none
  unsigned max_stand_ins = 16;           // threads that work along while workers are stuck in one task each; with workers = 1: none
  std::function<void(unhandled_error const&)> on_unhandled = {};  // default: one line on stderr; several threads at once
  std::optional<bool> debug = {};        // the debug reports on stderr (docs/debug-reports.md); empty: as WEFT_DEBUG says, 1 or 0, else none
};

struct shutdown_report {
  bool clean = true;
  std::vector<task_info> still_running;
};

class runtime;
namespace detail {
class signal_watch;
[[nodiscard]] runtime_core& core_of(runtime&) noexcept;
}

class runtime {
 public:
  // Starts the workers. std::invalid_argument: options that make no sense; std::system_error, std::bad_alloc: no resources.
  explicit runtime(runtime_options = {});
  // shutdown(never). Inside its own task: reported, and the runtime is leaked.
  ~runtime();
  runtime(runtime const&) = delete;
  runtime& operator=(runtime const&) = delete;

  // From a plain thread, or a task of another runtime: main as a task; its value or its exception. Afterwards what is
  // left is cancelled and waited for. In a task of this runtime: std::logic_error. Main ended cancelled: task_cancelled_error.
  // cancel_on_signals: taken from whatever handlers there are before main starts, given back when it has ended. The first to
  // come cancels main (cause `signal`; the message names it), and every other main that has named it. A second one before
  // main has ended gets its default action. No descriptor or thread for it: std::system_error, and nothing was run.
  template <class F>
  auto run(F&& main, std::source_location site = std::source_location::current()) {
    detail::require_runnable<F>();
    if constexpr (detail::runnable<F>) {
      refuse_own_task("run()");
      auto const signals = watch_signals();
      auto t = spawn(task_options{.name = "main"}, std::forward<F>(main), site);
      end_run(t, signals.get());
      return std::move(t).result();
    }
  }

  // From any thread. After shutdown: no_runtime_error.
  template <class F>
  [[nodiscard]] auto spawn(F&& f, std::source_location site = std::source_location::current()) {
    return spawn(task_options{}, std::forward<F>(f), site);
  }
  template <class F>
  [[nodiscard]] auto spawn(task_options options, F&& f, std::source_location site = std::source_location::current()) {
    detail::require_runnable<F>();
    if constexpr (detail::runnable<F>) {
      auto& c = detail::make_task(std::forward<F>(f), &options, site);
      detail::launch_or_discard<F>(c, core_);
      return task<detail::result_of<F>>(&c);
    }
  }

  // Cancels all, waits, and says what did not stop in time. Idempotent. In its own task: std::logic_error.
  shutdown_report shutdown(deadline = never);

  [[nodiscard]] runtime_metrics metrics() const;  // looks at every task there is: some 50 ns each, all else is a few µs
  [[nodiscard]] std::vector<task_info> all_tasks() const;
  void dump(std::ostream&, dump_options = {}) const;       // as weft::dump(): of this one, from any thread
  void dump_json(std::ostream&, dump_options = {}) const;
  // Of the running task, else null.
  [[nodiscard]] static runtime* current() noexcept;

 private:
  friend class simulation;
  friend detail::runtime_core& detail::core_of(runtime&) noexcept;
  runtime(runtime_options, void* simulated_world);
  void refuse_own_task(char const* what) const;
  std::shared_ptr<detail::signal_watch> watch_signals() const;  // null: none is to be watched
  void end_run(detail::handle const& main, detail::signal_watch*);

  detail::runtime_core* core_;
};

// runtime{options}.run(main): the one-liner.
template <class F>
auto run(F&& main, std::source_location site = std::source_location::current()) {
  return runtime{}.run(std::forward<F>(main), site);
}
template <class F>
auto run(runtime_options options, F&& main, std::source_location site = std::source_location::current()) {
  return runtime{std::move(options)}.run(std::forward<F>(main), site);
}

}  // namespace weft
