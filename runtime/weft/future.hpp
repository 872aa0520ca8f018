#pragma once
// future and promise: a result that comes later, for any number of awaiters.
//
// A handle may be asked (cancel(), done() ...) by any thread; waiting through it, copying, assigning, moving from and
// destroying it belong to one thread at a time, as with std::shared_future: give other tasks a copy. Copies are independent.
#include <concepts>
#include <functional>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include <weft/cancel.hpp>
#include <weft/deadline.hpp>
#include <weft/detail/copyable.hpp>
#include <weft/detail/result.hpp>
#include <weft/errors.hpp>

namespace weft {

// A registered done-callback. Movable; destroying it has no effect.
class callback {
 public:
  callback() noexcept = default;
  explicit callback(detail::callback_record* r) noexcept : record_(r) {}
  callback(callback&& o) noexcept : record_(std::exchange(o.record_, nullptr)) {}
  callback& operator=(callback&& o) noexcept {
    std::swap(record_, o.record_);
    return *this;
  }
  ~callback() {
    if (record_ != nullptr) detail::forget_callback(*record_);
  }
  // Afterwards it does not run and is not running (called from itself: it is the last time). May suspend, never throws.
  void reset() {
    if (record_ == nullptr) return;
    detail::reset_callback(*record_);
    detail::forget_callback(*std::exchange(record_, nullptr));
  }

 private:
  detail::callback_record* record_ = nullptr;
};

namespace detail {

[[noreturn]] void throw_empty_handle();
[[noreturn]] void throw_pending();
[[noreturn]] void throw_taken();
[[noreturn]] void throw_not_last();
[[noreturn]] void throw_already_set();

// What every handle can do that does not depend on the type of the result.
class handle {
 public:
  handle() noexcept = default;
  explicit handle(future_core* adopted) noexcept : core_(adopted) {}
  handle(handle const& o) noexcept : core_(o.core_) {
    if (core_ != nullptr) add_handle(*core_);
  }
  handle(handle&& o) noexcept : core_(std::exchange(o.core_, nullptr)) {}
  handle& operator=(handle o) noexcept {
    std::swap(core_, o.core_);
    return *this;
  }
  ~handle() {
    if (core_ != nullptr) drop_handle(*core_);
  }

  // Does it refer to anything?
  [[nodiscard]] bool valid() const noexcept { return core_ != nullptr; }
  // Finished, failed or cancelled. Any thread.
  [[nodiscard]] bool done() const noexcept { return core_ != nullptr && core_->done(); }
  // Ended by cancellation. Any thread.
  [[nodiscard]] bool cancelled() const noexcept { return done() && core_->state() == job_state::cancelled; }
  // Asks it to stop. True: the request is recorded (it may still finish); false: it was done already. Any thread.
  bool cancel(std::string message = {}) const {
    return request_cancel(core(), cancel_cause::requested, message);
  }
  // S  Waits until it is done. The caller's cancellation ends the wait and leaves *this* alone.
  void wait() const { (void)wait_done(core(), no_limit); }
  // S  True: done. Neither throws on time-out nor cancels.
  bool wait_for(deadline d) const { return wait_done(core(), d.ns()); }
  bool wait_until(deadline d) const { return wait_done(core(), d.ns()); }
  // Never blocks. Null if it finished; pending: invalid_state_error; cancelled: throws task_cancelled_error.
  [[nodiscard]] std::exception_ptr exception() const { return error_of(core()); }

  friend bool operator==(handle const& a, handle const& b) noexcept { return a.core_ == b.core_; }

  // For weft's own combinators.
  [[nodiscard]] future_core& core() const {
    if (core_ == nullptr) throw_empty_handle();
    return *core_;
  }

 protected:
  future_core* core_ = nullptr;
};

template <class Handle, class F>
callback when_done(Handle const& h, F&& f, bool only_if_cancelled = false) {
  struct bound final : callback_function {
    explicit bound(F&& g) : f(std::forward<F>(g)) {}
    std::decay_t<F> f;
    void call(future_core& c) override {
      add_handle(c);
      Handle const handle(&c);
      std::invoke(f, handle);
    }
  };
  return callback{add_callback(h.core(), std::make_unique<bound>(std::forward<F>(f)), only_if_cancelled)};
}

}  // namespace detail

// A handle; copying it shares the result. See the top of this file for what may be done at the same time.
template <class T = void>
class future : public detail::handle {
 public:
  using value_type = T;
  using reference = std::add_lvalue_reference_t<std::add_const_t<T>>;
  using detail::handle::handle;

  // S  Awaits: the value, or rethrows. Being cancelled here cancels *this* too and waits for its end.
  reference get() const& {
    auto& c = core();
    detail::join(c);
    return value_of(c);
  }
  // S  The same, and consumes the handle: moves the value out if it is the last one, else copies it (a move-only value:
  // logic_error, the handle is kept). Does not compile: T says that it can be copied, and cannot (a class with a vector of unique_ptr in
  // it): delete its copy constructor, or take().
  T get() && {
    detail::join(core());
    return consume();
  }
  // S  get() that moves the value out whoever else holds a handle. Afterwards get() and take() throw invalid_state_error.
  T take() const {
    detail::join(core());
    auto& c = detail::forwarded(core());
    if (c.mark(detail::future_core::taken)) detail::throw_taken();
    if constexpr (!std::is_void_v<T>) return std::move(detail::result<T>::of(c).value());
  }
  // Never blocks; pending: invalid_state_error.
  reference result() const& {
    return value_of(require_done());
  }
  T result() && {
    (void)require_done();
    return consume();
  }
  // After completion F(future) is called, in order of registration, never inside this call. Counts as copying.
  template <class F>
    requires std::invocable<std::decay_t<F>&, future<T> const&>
  callback on_done(F&& f) const {
    return detail::when_done(*this, std::forward<F>(f));
  }

 private:
  detail::future_core& require_done() const {
    auto& c = core();
    if (!c.done()) detail::throw_pending();
    if (c.state() != detail::job_state::finished) detail::rethrow(c);
    return c;
  }
  static reference value_of(detail::future_core& c) {
    auto& holder = checked(c);
    if constexpr (!std::is_void_v<T>) return detail::result<T>::of(holder).value();
  }
  // Where the value is, and it is there.
  static detail::future_core& checked(detail::future_core& c) {
    if (!c.has(detail::future_core::taken | detail::future_core::forwarding)) [[likely]] return c;
    auto& holder = detail::forwarded(c);
    if (holder.has(detail::future_core::taken)) detail::throw_taken();
    return holder;
  }
  T consume() {
    auto& c = checked(core());
    if constexpr (std::is_void_v<T>) {
      future const last = std::move(*this);
    } else if (&c == core_ ? c.last_handle() : detail::is_last_handle(*core_)) {
      future const last = std::move(*this);
      return std::move(detail::result<T>::of(c).value());
    } else if constexpr (detail::copyable<T>) {
      future const other = std::move(*this);
      return detail::result<T>::of(c).value();
    } else {
      detail::throw_not_last();
    }
  }
};

// A future that ends as `f` does, and shares its value or error. Cancelling it, also by being cancelled in get() of it, ends
// it alone: `f` runs on, and if it fails later, that is reported as for any task. If `f` is done: `f`. Any thread.
template <class T>
[[nodiscard]] future<T> shield(future<T> f) {
  return f.done() ? f : future<T>(detail::make_shield(f.core()));
}

// The writing end of a future. Move-only; destroyed unset: broken_promise_error in the future.
template <class T = void>
class promise {
 public:
  promise() : future_(detail::make_promise_core(&ops_, sizeof(detail::result<T>))) {}
  promise(promise&&) noexcept = default;
  promise& operator=(promise&& o) noexcept {
    promise old = std::move(*this);
    future_ = std::move(o.future_);
    return *this;
  }
  ~promise() {
    if (future_.valid()) detail::break_promise(future_.core());
  }

  // Any number of handles.
  [[nodiscard]] future<T> get_future() const { return future_; }

  // Second time, or after cancel: invalid_state_error. Any thread.
  template <class... Args>
    requires(std::is_void_v<T> ? sizeof...(Args) == 0 : std::is_constructible_v<T, Args...>)
  void set_value(Args&&... args) {
    if (!try_set_value(std::forward<Args>(args)...)) detail::throw_already_set();
  }
  void set_exception(std::exception_ptr e) {
    if (!try_set_exception(std::move(e))) detail::throw_already_set();
  }
  // False: it was done already, nothing has changed.
  template <class... Args>
    requires(std::is_void_v<T> ? sizeof...(Args) == 0 : std::is_constructible_v<T, Args...>)
  bool try_set_value(Args&&... args) {
    auto& c = future_.core();
    if (!c.claim()) return false;
    try {
      detail::result<T>::of(c).set(std::forward<Args>(args)...);
    } catch (...) {
      c.set_state(detail::job_state::queued);
      throw;
    }
    detail::finish(c, detail::job_state::finished);
    return true;
  }
  // An exception that is weft::cancelled ends the future cancelled. Null: std::invalid_argument.
  bool try_set_exception(std::exception_ptr e) { return detail::try_fail(future_.core(), std::move(e)); }

  [[nodiscard]] bool cancelled() const noexcept { return future_.cancelled(); }
  // F() is called if the future is cancelled.
  template <class F>
    requires std::invocable<std::decay_t<F>&>
  callback on_cancel(F&& f) const {
    return detail::when_done(
        future_, [f = std::forward<F>(f)](future<T> const&) mutable { std::invoke(f); }, true);
  }

 private:
  static constexpr detail::core_ops ops_{nullptr, nullptr, &detail::result<T>::clear, &detail::result<T>::error_in,
                                         detail::result<T>::trivial};
  future<T> future_;
};

}  // namespace weft

template <class T>
struct std::hash<weft::future<T>> {
  std::size_t operator()(weft::future<T> const& f) const noexcept {
    return f.valid() ? std::hash<void const*>{}(&f.core()) : 0;
  }
};
