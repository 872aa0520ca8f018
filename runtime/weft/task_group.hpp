#pragma once
// Task groups: children that a scope waits for, cancels together, and whose errors it collects. asyncio.TaskGroup.
#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include <weft/detail/group_core.hpp>
#include <weft/errors.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>

namespace weft {

// The first failure cancels the other children and closes the group; a child that was cancelled is no failure. Children leave
// no trace when they end, unless they fail. spawn(), cancel() and size() may be called by any thread while the group lives.
class task_group {
 public:
  task_group();                    // of the running task's runtime; elsewhere: no_runtime_error
  explicit task_group(runtime&);
  // Without join(): cancels the children, those that have not begun, too, and waits; failures go to on_unhandled. May suspend,
  // never throws.
  ~task_group();
  task_group(task_group const&) = delete;
  task_group& operator=(task_group const&) = delete;

  // The handle may be dropped. Ended, or ending: group_closed_error. No memory: bad_alloc, nothing is registered.
  template <class F>
  auto spawn(F&& f, std::source_location site = std::source_location::current()) {
    return start(std::forward<F>(f), nullptr, site);
  }
  template <class F>
  auto spawn(task_options options, F&& f, std::source_location site = std::source_location::current()) {
    return start(std::forward<F>(f), &options, site);
  }

  // Ends the children, and the body of with_group; the group takes no more tasks and ends without an error.
  void cancel(std::string message = {}) { core_.abort(message); }

  // S  Waits until all children have ended and closes the group. Throws exception_group of all failures. Being cancelled
  // here cancels the children, waits, and throws cancelled; with failures among them those, and cancelled at the next S call.
  void join();

  [[nodiscard]] std::size_t size() const noexcept { return core_.size(); }  // children not done

 private:
  template <class F>
  auto start(F&& f, task_options* options, std::source_location site) {
    detail::require_runnable<F>();
    if constexpr (detail::runnable<F>) {
      auto& c = detail::make_task(std::forward<F>(f), options, site, sizeof(detail::group_member));
      try {
        core_.enroll(c);
      } catch (...) {
        detail::payload<F>::discard(c);
        detail::free_core(c);
        throw;
      }
      try {
        detail::launch(c, &core_.home);
      } catch (...) {
        detail::payload<F>::discard(c);
        core_.withdraw(c);
        throw;
      }
      return task<detail::result_of<F>>(&c);
    }
  }

  template <class F>
  friend auto with_group(F&&);
  template <class F>
  friend auto with_group(runtime&, F&&);

  detail::group_core core_;
};

namespace detail {
[[noreturn]] void throw_interrupted_group();

template <class F>
auto run_with_group(task_group& g, group_core& core, F&& body) {
  static_assert(std::invocable<F, task_group&>, "weft: the body of with_group takes a weft::task_group&");
  using result = std::remove_cvref_t<std::invoke_result_t<F, task_group&>>;
  group_run run(core);
  std::conditional_t<std::is_void_v<result>, bool, std::optional<std::conditional_t<std::is_void_v<result>, int, result>>> kept{};
  try {
    if constexpr (std::is_void_v<result>) {
      std::invoke(std::forward<F>(body), g);
    } else {
      kept.emplace(std::invoke(std::forward<F>(body), g));
    }
  } catch (cancelled const& e) {
    run.body_cancelled(e);
  } catch (...) {
    run.body_failed(std::current_exception());
  }
  run.finish();
  if constexpr (!std::is_void_v<result>) {
    if (!kept) throw_interrupted_group();
    return result(std::move(*kept));
  }
}
}  // namespace detail

// S  body(task_group&) in the calling task; returns its value when all children have ended. The first failure also cancels
// what the body waits for. All errors, the body's last, come as one exception_group. A body with a value that g.cancel()
// interrupts: task_cancelled_error. Locals of the body die before the children end: declare what children use outside.
template <class F>
auto with_group(F&& body) {
  task_group g;
  return detail::run_with_group(g, g.core_, std::forward<F>(body));
}
// S  The same with the tasks in that runtime, also from a plain thread, which nothing interrupts.
template <class F>
auto with_group(runtime& rt, F&& body) {
  task_group g(rt);
  return detail::run_with_group(g, g.core_, std::forward<F>(body));
}

}  // namespace weft
