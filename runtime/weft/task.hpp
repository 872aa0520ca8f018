#pragma once
// task: a callable that runs on a fiber, and its handle. spawn, fork, and what a task can say about itself.
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>

#include <weft/deadline.hpp>
#include <weft/detail/launch.hpp>
#include <weft/future.hpp>

namespace weft {

enum class task_state { scheduled, running, suspended, finished, failed, cancelled };  // a joiner of an inlined child is suspended

namespace detail {
[[nodiscard]] task_state state_of(future_core const&) noexcept;
[[nodiscard]] int requests_of(future_core const&) noexcept;
struct core_access;
}  // namespace detail

// A future of what the task returns, that also knows the task.
template <class T = void>
class task : public future<T> {
 public:
  using future<T>::future;

  [[nodiscard]] std::uint64_t id() const { return this->core().id.load(std::memory_order_relaxed); }
  [[nodiscard]] std::string name() const { return detail::name_of(this->core()); }
  void set_name(std::string name) const { detail::set_name(this->core(), std::move(name)); }
  [[nodiscard]] task_state state() const { return detail::state_of(this->core()); }
  // Cancel requests that have not been taken back.
  [[nodiscard]] int cancelling() const { return detail::requests_of(this->core()); }
  // Fire and forget, said aloud. Its error, if any, is reported.
  void detach() && { task const gone = std::move(*this); }

  template <class F>
    requires std::invocable<std::decay_t<F>&, task<T> const&>
  callback on_done(F&& f) const {
    return detail::when_done(*this, std::forward<F>(f));
  }
};

// A task<T> without its type: everything but the value. Does not count as a handle for get() && and unlooked-at errors.
class any_task {
 public:
  any_task() noexcept = default;
  template <class T>
  any_task(task<T> const& t) : any_task(t.valid() ? &t.core() : nullptr) {}
  explicit any_task(detail::future_core* c) noexcept : core_(c) {
    if (core_ != nullptr) core_->add_owner(detail::job::one_weak);
  }
  any_task(any_task const& o) noexcept : any_task(o.core_) {}
  any_task(any_task&& o) noexcept : core_(std::exchange(o.core_, nullptr)) {}
  any_task& operator=(any_task o) noexcept {
    std::swap(core_, o.core_);
    return *this;
  }
  ~any_task() {
    if (core_ != nullptr && core_->drop_owner(detail::job::one_weak)) detail::destroy(*core_);
  }

  [[nodiscard]] bool valid() const noexcept { return core_ != nullptr; }
  [[nodiscard]] bool done() const noexcept { return core_ != nullptr && core_->done(); }
  [[nodiscard]] bool cancelled() const noexcept { return done() && core_->state() == detail::job_state::cancelled; }
  bool cancel(std::string message = {}) const {
    return detail::request_cancel(core(), cancel_cause::requested, message);
  }
  void wait() const { (void)detail::wait_done(core(), detail::no_limit); }             // S
  bool wait_for(deadline d) const { return detail::wait_done(core(), d.ns()); }        // S
  bool wait_until(deadline d) const { return detail::wait_done(core(), d.ns()); }      // S
  [[nodiscard]] std::exception_ptr exception() const { return detail::error_of(core()); }
  [[nodiscard]] std::uint64_t id() const { return core().id.load(std::memory_order_relaxed); }
  [[nodiscard]] std::string name() const { return detail::name_of(core()); }
  void set_name(std::string name) const { detail::set_name(core(), std::move(name)); }
  [[nodiscard]] task_state state() const { return detail::state_of(core()); }
  [[nodiscard]] int cancelling() const { return detail::requests_of(core()); }
  template <class F>
    requires std::invocable<std::decay_t<F>&, any_task const&>
  callback on_done(F&& f) const {
    struct bound final : detail::callback_function {
      explicit bound(F&& g) : f(std::forward<F>(g)) {}
      std::decay_t<F> f;
      void call(detail::future_core& c) override {
        any_task const handle(&c);
        std::invoke(f, handle);
      }
    };
    return callback{detail::add_callback(core(), std::make_unique<bound>(std::forward<F>(f)), false)};
  }
  friend bool operator==(any_task const& a, any_task const& b) noexcept { return a.core_ == b.core_; }

 private:
  friend struct detail::core_access;
  [[nodiscard]] detail::future_core& core() const {
    if (core_ == nullptr) detail::throw_empty_handle();
    return *core_;
  }
  detail::future_core* core_ = nullptr;
};

// A structured child: it may refer to its creator's stack, which it never outlives. Move-only. Destroyed unjoined: it is
// cancelled and waited for (never throws; its error goes to on_unhandled).
template <class R = void>
class [[nodiscard]] scoped_task {
 public:
  explicit scoped_task(detail::future_core* adopted) noexcept : task_(adopted) {}
  scoped_task(scoped_task&&) noexcept = default;
  scoped_task& operator=(scoped_task&& o) noexcept {
    end();
    task_ = std::move(o.task_);
    return *this;
  }
  ~scoped_task() { end(); }

  // S  Once, by value; then it is empty. Being cancelled here cancels the child and waits for its end.
  R get() {
    struct let_go {
      task<R>& t;
      ~let_go() { t = {}; }
    } const after{task_};
    detail::join(task_.core());
    if constexpr (!std::is_void_v<R>) return std::move(detail::result<R>::of(task_.core()).value());
  }
  void wait() { task_.wait(); }                                     // S
  bool cancel(std::string message = {}) { return task_.cancel(std::move(message)); }
  [[nodiscard]] bool done() const noexcept { return task_.done(); }
  [[nodiscard]] bool valid() const noexcept { return task_.valid(); }
  [[nodiscard]] std::string name() const { return task_.name(); }
  // For others, who may cancel it while its owner is in get(): this handle is its owner's.
  operator any_task() const { return task_; }

 private:
  void end() noexcept {
    if (!task_.valid()) return;
    if (!task_.done()) {
      (void)detail::request_cancel(task_.core(), cancel_cause::awaiter, {});
      detail::join_shielded(task_.core());
    }
    task_ = {};
  }
  task<R> task_;
};

// Queues a task in the running task's runtime; elsewhere: no_runtime_error. It may start before spawn returns, on
// another core. It must own what it uses; with references to the caller's stack use fork. No memory: bad_alloc.
template <class F>
[[nodiscard]] auto spawn(F&& f, std::source_location site = std::source_location::current()) {
  detail::require_runnable<F>();
  if constexpr (detail::runnable<F>) {
    auto& c = detail::make_task(std::forward<F>(f), nullptr, site);
    detail::launch_or_discard<F>(c, nullptr);
    return task<detail::result_of<F>>(&c);
  }
}
template <class F>
[[nodiscard]] auto spawn(task_options options, F&& f, std::source_location site = std::source_location::current()) {
  detail::require_runnable<F>();
  if constexpr (detail::runnable<F>) {
    auto& c = detail::make_task(std::forward<F>(f), &options, site);
    detail::launch_or_discard<F>(c, nullptr);
    return task<detail::result_of<F>>(&c);
  }
}

template <class F, class... Args>
  requires(sizeof...(Args) != 0 && !std::same_as<std::decay_t<F>, task_options> &&
           !(std::same_as<std::decay_t<Args>, std::source_location> || ...))
task<> spawn(F&&, Args&&...) {
  static_assert(sizeof...(Args) == 0,
                "weft: spawn takes one callable, without arguments: spawn([=] { return f(x); }); its name comes first, in "
                "task_options: spawn({.name = \"loader\"}, f)");
  return task<>();
}

// A child that has ended before the handle's scope does, so it may refer to the caller's stack: get() it there. Not joined by
// get() or wait(), it is cancelled at the end of the scope, begun or not, and waited for.
template <class F>
[[nodiscard]] auto fork(F&& f, std::source_location site = std::source_location::current()) {
  detail::require_runnable<F>();
  if constexpr (detail::runnable<F>) {
    auto& c = detail::make_task(std::forward<F>(f), nullptr, site);
    detail::launch_or_discard<F>(c, nullptr);
    return scoped_task<detail::result_of<F>>(&c);
  }
}

// Outside of a task: yield and sleep_* are the thread's own; the rest is empty, 0, false, a no-op.
namespace this_task {
[[nodiscard]] any_task self() noexcept;
void yield();                                // S  to the back of the queue
void sleep_for(deadline);                    // S  a duration
void sleep_until(deadline);                  // S
void checkpoint();                           // S  throws if cancelled; yields if the task has run longer than its slice (1 ms)
[[nodiscard]] std::uint64_t id() noexcept;
[[nodiscard]] std::string name();
void set_name(std::string);
[[nodiscard]] int cancelling() noexcept;     // requests not taken back
int uncancel() noexcept;                     // takes one back, returns what is left; to 0 before delivery erases the request
[[nodiscard]] bool cancel_requested() noexcept;  // a poll for CPU loops: would a checkpoint throw?
[[nodiscard]] std::optional<clock::time_point> deadline() noexcept;  // nearest of the enclosing timeouts
}  // namespace this_task

}  // namespace weft

template <class T>
struct std::hash<weft::task<T>> : std::hash<weft::future<T>> {};
