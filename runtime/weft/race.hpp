#pragma once
// race: several ways to one result; the first that succeeds is taken. Part of <weft/wait.hpp>.
//
// The losers are cancelled, and race returns when they have ended: callables may refer to the caller's stack. If all fail:
// exception_group of what became of each (of a cancelled one: task_cancelled_error), in the order they were started. The errors
// of losers count as looked at.
// The caller is cancelled: so are all, and `cancelled` is thrown when they have ended, unless one returns a value all the same.
// After a value is there, a cancellation waits for the next checkpoint. Racers are never run in place.
// The results' common type; `void` if all are void. Values of lvalue handles are copied, of rvalue handles moved.
// S. Callables on plain threads: no_runtime_error.
#include <array>
#include <cstddef>
#include <deque>
#include <ranges>
#include <source_location>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include <weft/deadline.hpp>
#include <weft/detail/several.hpp>
#include <weft/exception_group.hpp>

namespace weft {
namespace detail {

template <class... T>
struct race_type {
  static_assert(requires { typename std::common_type<T...>::type; }, "weft: the results of a race need a common type, or all are void");
  using type = std::common_type_t<T...>;
};
template <class... T>
  requires(std::is_void_v<T> && ...)
struct race_type<T...> {
  using type = void;
};

template <class T, class P, class... Rest>
T value_at(std::size_t i, P& first, Rest&... rest) {
  if constexpr (sizeof...(Rest) != 0) {
    if (i != 0) return value_at<T>(i - 1, rest...);
  }
  if constexpr (std::is_void_v<T>) {
    first.value();
  } else {
    return static_cast<T>(first.value());
  }
}

template <class... H>
auto race_parts(part<H>... parts) {
  std::array<completion, sizeof...(H)> nodes;
  joint all(joint::decides::first_value);
  wait_for_parts(all, nodes, false, parts...);
  auto const i = static_cast<std::size_t>(&all.winner() - nodes.data());
  return value_at<typename race_type<typename part<H>::value_type...>::type>(i, parts...);
}

[[noreturn]] void throw_empty_race();

}  // namespace detail

// Callables and handles, mixed.
template <class... H>
  requires(sizeof...(H) != 0 && !detail::one_range<H...>)
auto race(H&&... h) {
  static_assert((detail::joinable<H> && ...), "weft: race() takes callables without arguments, futures, tasks, or one range of them");
  if constexpr ((detail::joinable<H> && ...)) return detail::race_parts(detail::part<H>(std::forward<H>(h))...);
}

// A range of callables, or of handles. Empty: std::invalid_argument.
template <std::ranges::input_range R>
auto race(R&& range, std::source_location site = std::source_location::current()) {
  static_assert(detail::range_of_joinables<R>, "weft: race() takes a range of callables without arguments, of futures, or of tasks");
  if constexpr (detail::range_of_joinables<R>) {
    using element_part = detail::part<decltype(detail::element<R>(*std::ranges::begin(range)))>;
    constexpr bool in_two_walks = detail::range_of_futures<R> ? detail::lasting<R> : std::ranges::forward_range<R>;
    if constexpr (in_two_walks) {
      std::vector<element_part> parts;
      std::vector<detail::completion> nodes(static_cast<std::size_t>(std::ranges::distance(range)));
      if (nodes.empty()) detail::throw_empty_race();
      parts.reserve(nodes.size());
      detail::joint all(detail::joint::decides::first_value);
      if constexpr (element_part::spawned) {
        if (all.may_spawn()) {
          for (auto&& f : range) {
            parts.emplace_back(detail::element<R>(std::forward<decltype(f)>(f))).spawn(site);
            detail::completion& node = nodes[parts.size() - 1];
            node.core = &parts.back().core();
            all.add(node);
          }
        }
      } else {
        for (auto&& h : range) parts.emplace_back(detail::element<R>(h));
        for (std::size_t i = 0; i != parts.size(); ++i) nodes[i].core = &parts[i].core();
        detail::prepare(nodes);
        for (detail::completion& n : nodes) all.add(n);
      }
      all.wait(false);
      auto& winner = parts[static_cast<std::size_t>(&all.winner() - nodes.data())];
      return detail::value_at<typename element_part::value_type>(0, winner);
    } else {
      return race(detail::collect(std::forward<R>(range)), site);
    }
  }
}

// Starts the next callable when `delay` has passed since the last was started, or when that one has failed; none after the
// first success (happy eyeballs, hedged requests). A range of one type of callable. Empty: std::invalid_argument.
template <std::ranges::input_range R, class Rep, class Period>
auto race_staggered(R&& callables, std::chrono::duration<Rep, Period> delay,
                    std::source_location site = std::source_location::current()) {
  static_assert(detail::range_of_callables<R>, "weft: race_staggered() takes a range of callables without arguments");
  if constexpr (detail::range_of_callables<R>) {
    using element_part = detail::part<decltype(detail::element<R>(*std::ranges::begin(callables)))>;
    auto next = std::ranges::begin(callables);
    auto const end = std::ranges::end(callables);
    if (next == end) detail::throw_empty_race();
    std::deque<element_part> parts;
    std::deque<detail::completion> nodes;
    detail::joint all(detail::joint::decides::first_value);
    for (bool another = all.may_spawn(); another;) {
      {
        auto&& f = *next;
        parts.emplace_back(detail::element<R>(std::forward<decltype(f)>(f))).spawn(site);
      }
      detail::completion& node = nodes.emplace_back();
      node.core = &parts.back().core();
      all.add(node);
      another = ++next != end && all.wait_turn(node, deadline(delay).ns());
    }
    all.wait(false);
    detail::completion const& winner = all.winner();
    std::size_t i = 0;
    while (&nodes[i] != &winner) ++i;
    return detail::value_at<typename element_part::value_type>(0, parts[i]);
  }
}

}  // namespace weft
