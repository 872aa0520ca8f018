#pragma once
// Time-outs: with_timeout(deadline, body) is asyncio.timeout(), with_timeout(deadline, future) is asyncio.wait_for().
//
// Free until something waits: there is one timer per fiber, armed when it parks, for the nearest of its time-outs.
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/deadline.hpp>
#include <weft/detail/cancel_scope.hpp>
#include <weft/errors.hpp>
#include <weft/future.hpp>

namespace weft {

namespace detail {
template <class T>
std::true_type is_future_test(future<T> const&);
std::false_type is_future_test(...);
template <class F>
concept any_future = decltype(is_future_test(std::declval<F const&>()))::value;
}  // namespace detail

// One running with_timeout, as its body sees it. Of the task that runs the body; when() and expired() are for it, too.
class timeout final : detail::cancel_scope {
 public:
  [[nodiscard]] std::optional<clock::time_point> when() const;  // empty: never
  // Another deadline for what is still running. Over or expired: invalid_state_error; another task: std::logic_error.
  void reschedule(deadline);
  // The deadline has passed and the body has been, or is being, cancelled.
  [[nodiscard]] bool expired() const noexcept { return expired_; }

 private:
  template <class F>
    requires(!detail::any_future<F>)
  friend auto with_timeout(deadline, F&&);
  template <class T>
  friend T with_timeout(deadline, future<T>);

  explicit timeout(deadline d);  // no_runtime_error outside of a task
  using cancel_scope::leave;
  void convert();                // `cancelled` has arrived: throws timeout_error if it is this time-out's own, else returns
  [[noreturn]] static void throw_timed_out();
  void look() noexcept;          // without a checkpoint: has it passed already?
};

namespace detail {
// What is done already, without a checkpoint: a value that is there is not lost to a cancellation.
template <class T>
T value_of_last(future<T> f) {
  if constexpr (std::is_void_v<T> || copyable<T>) {
    return std::move(f).result();
  } else {
    shield_scope const no_checkpoint;
    return f.take();
  }
}
}  // namespace detail

// S  Runs body() or body(timeout&) in the calling task. When the deadline passes, what the body waits for throws `cancelled`
// in it, and with_timeout throws timeout_error, unless the body ends otherwise: its value or its error stands. A deadline
// that has passed already counts at the body's first S call. An outside cancellation stays one. Begun while the stack unwinds
// (by a destructor) it interrupts nothing, unless in a shield_scope that was made there.
template <class F>
  requires(!detail::any_future<F>)
auto with_timeout(deadline d, F&& body) {
  constexpr bool takes_scope = std::invocable<F, timeout&>;
  static_assert(takes_scope || std::invocable<F>, "weft: the body of with_timeout takes no argument or a weft::timeout&");
  timeout scope(d);
  auto const call = [&]() -> decltype(auto) {
    if constexpr (takes_scope) {
      return std::invoke(std::forward<F>(body), scope);
    } else {
      return std::invoke(std::forward<F>(body));
    }
  };
  using result = std::remove_cvref_t<decltype(call())>;
  try {
    return static_cast<result>(call());
  } catch (cancelled const&) {
    scope.convert();
    throw;
  }
}

// S  The value of `f`, or its error. When the deadline passes first: `f` is cancelled and waited for; what becomes of it is
// the outcome, timeout_error if it ends cancelled. Done already: its outcome, whatever the deadline. Being cancelled here
// cancels `f` too. Move-only values are moved out.
template <class T>
T with_timeout(deadline d, future<T> f) {
  {
    timeout scope(f.done() ? deadline(never) : d);
    scope.look();
    try {
      detail::join(f.core());
    } catch (cancelled const&) {
      if (!scope.leave()) throw;
      if (f.cancelled()) timeout::throw_timed_out();
    }
  }
  return detail::value_of_last(std::move(f));
}

}  // namespace weft
