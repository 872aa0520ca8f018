#pragma once
// select: waits for several things at once and lets exactly one of them happen.
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/channel.hpp>
#include <weft/deadline.hpp>
#include <weft/detail/channel_cases.hpp>
#include <weft/detail/queue_cases.hpp>
#include <weft/detail/select_cases.hpp>
#include <weft/detail/several.hpp>
#include <weft/event.hpp>
#include <weft/queue.hpp>
#include <weft/semaphore.hpp>

namespace weft {

namespace detail {

// A case and what is to be done if it is chosen. Made by the functions below, as an argument of select(): it refers to the
// object and to the value, which is touched only if the case is chosen.
template <class Case, class Run>
class [[nodiscard]] selected {
 public:
  using is_select_case = void;
  template <class... Args>
  explicit selected(Run run, Args&&... args) : case_(std::forward<Args>(args)...), run_(std::move(run)) {}
  selected(selected const&) = delete;
  selected& operator=(selected const&) = delete;

  [[nodiscard]] select_case& base() noexcept {
    if constexpr (std::derived_from<Case, select_case>) {
      return case_;
    } else {
      return case_.base();
    }
  }
  void run() { run_(case_); }

 private:
  Case case_;
  Run run_;
};

template <class Case, class Run, class... Args>
selected<Case, Run> make_case(Run run, Args&&... args) {
  return selected<Case, Run>(std::move(run), std::forward<Args>(args)...);
}

// Cases without a value.
template <class Case, class F, class... Args>
auto make_plain_case(F&& f, Args&&... args) {
  return make_case<Case>([f = std::forward<F>(f)](Case&) mutable { (void)std::invoke(f); }, std::forward<Args>(args)...);
}

[[noreturn]] void throw_queue_closed();

template <class C>
concept is_case = !std::is_reference_v<C> && requires { typename C::is_select_case; };

template <class T, class F>
auto send_case(channel<T>& c, outgoing<T> v, F&& f) {
  using either = channel_case<meeting_send<T>, put_case<T, fifo_order>>;
  return make_case<either>(
      [f = std::forward<F>(f)](either& e) mutable {
        if (!e.finish()) throw_channel_closed();
        (void)std::invoke(f);
      },
      c, v);
}
template <class T, class Order, class F>
auto put_into(basic_queue<T, Order>& q, outgoing<T> v, F&& f) {
  using put = put_case<T, Order>;
  return make_case<put>(
      [f = std::forward<F>(f)](put& p) mutable {
        if (!p.finish()) throw_queue_closed();
        (void)std::invoke(f);
      },
      q, v);
}

}  // namespace detail

// Receives, and calls f(std::optional<T>): empty if the channel is closed and drained, which is ready at once.
template <class T, class F>
  requires std::invocable<std::decay_t<F>&, std::optional<T>>
auto on_receive(channel<T>& c, F&& f) {
  using either = detail::channel_case<detail::meeting_receive<T>, detail::get_case<T, detail::fifo_order>>;
  return detail::make_case<either>([f = std::forward<F>(f)](either& e) mutable { (void)std::invoke(f, e.finish()); }, c);
}
// Sends v, and calls f(). Closed: ready, and select() throws closed_error. v is copied or moved only if it goes.
template <class T, class F>
  requires std::invocable<std::decay_t<F>&>
auto on_send(channel<T>& c, std::type_identity_t<T>&& v, F&& f) {
  return detail::send_case(c, detail::outgoing<T>(std::move(v)), std::forward<F>(f));
}
template <class T, class F>
  requires std::invocable<std::decay_t<F>&> && detail::copyable<T>
auto on_send(channel<T>& c, std::type_identity_t<T> const& v, F&& f) {
  return detail::send_case(c, detail::outgoing<T>(v), std::forward<F>(f));
}
// Gets an item from a queue of any order, and calls f(T). Closed and nothing left: ready, and select() throws closed_error.
template <class T, class Order, class F>
  requires std::invocable<std::decay_t<F>&, T>
auto on_get(detail::basic_queue<T, Order>& q, F&& f) {
  using get = detail::get_case<T, Order>;
  return detail::make_case<get>(
      [f = std::forward<F>(f)](get& g) mutable {
        auto item = g.finish();
        if (!item) detail::throw_queue_closed();
        (void)std::invoke(f, std::move(*item));
      },
      q);
}
// Puts v, and calls f(). Closed: ready, and select() throws closed_error. v is copied or moved only if it goes.
template <class T, class Order, class F>
  requires std::invocable<std::decay_t<F>&>
auto on_put(detail::basic_queue<T, Order>& q, std::type_identity_t<T>&& v, F&& f) {
  return detail::put_into(q, detail::outgoing<T>(std::move(v)), std::forward<F>(f));
}
template <class T, class Order, class F>
  requires std::invocable<std::decay_t<F>&> && detail::copyable<T>
auto on_put(detail::basic_queue<T, Order>& q, std::type_identity_t<T> const& v, F&& f) {
  return detail::put_into(q, detail::outgoing<T>(v), std::forward<F>(f));
}
// The future or task is done, however it has ended. It is neither cancelled nor started here. An empty handle:
// invalid_state_error.
template <detail::any_handle H, class F>
  requires std::invocable<std::decay_t<F>&>
auto on_done(H const& h, F&& f) {
  return detail::make_plain_case<detail::done_case>(std::forward<F>(f), detail::core_access::of(h));
}
template <class F>
  requires std::invocable<std::decay_t<F>&>
auto on_set(event& e, F&& f) {
  return detail::make_plain_case<detail::set_case>(std::forward<F>(f), e);
}
// Acquires one permit. Of a semaphore that can never have one: std::invalid_argument.
template <class F>
  requires std::invocable<std::decay_t<F>&>
auto on_acquire(semaphore& s, F&& f) {
  return detail::make_plain_case<detail::acquire_case>(std::forward<F>(f), s);
}
// The time has come, and nothing else is ready. Of several the earliest.
template <class F>
  requires std::invocable<std::decay_t<F>&>
auto after(deadline d, F&& f) {
  return detail::make_plain_case<detail::time_case>(std::forward<F>(f), d.ns());
}
// Nothing else is ready: select() does not wait.
template <class F>
  requires std::invocable<std::decay_t<F>&>
auto otherwise(F&& f) {
  return detail::make_plain_case<detail::time_case>(std::forward<F>(f), detail::time_case::always);
}

// S  Waits until one of the cases is ready, lets exactly that one happen, calls its f in the caller, and returns its index. Of
// several that are ready one is picked at random, each as likely. Linearizable: there is one moment at which the choice is
// made, and at it nothing happens in the other cases. Throws what f throws. Cancelled: nothing has happened in any; chosen is
// chosen, a request that comes with it stays pending. The same object may be in several cases. From tasks and plain threads.
// Without any case: std::invalid_argument.
template <class... Cases>
std::size_t select(Cases&&... cases) {
  static_assert((detail::is_case<Cases> && ...),
                "weft: select takes cases that are made in the call: on_receive(channel, f), on_send, on_get, on_put, on_done, "
                "on_set, on_acquire, after(duration, f), otherwise(f)");
  if constexpr (sizeof...(Cases) == 0) {
    detail::throw_empty_select();
  } else if constexpr ((detail::is_case<Cases> && ...)) {
    detail::select_case* all[] = {&cases.base()...};
    detail::select_case* scratch[sizeof...(Cases)];
    detail::select_case const& chosen = detail::choose(all, scratch);
    std::size_t index = 0;
    (void)((&cases.base() == &chosen ? (cases.run(), true) : (++index, false)) || ...);
    return index;
  }
}

}  // namespace weft
