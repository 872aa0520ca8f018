#pragma once
// gather: several futures and callables at once, all their values in order.
//
// Callables become tasks of the running task and may refer to its stack: whatever happens, gather waits for all before it
// returns or throws. What nobody has started yet is run right here.
//   one fails, or ends cancelled   the others are cancelled and waited for; then its error is thrown (the first in time;
//                                  task_cancelled_error if it was cancelled). The errors of the others count as looked at.
//   the caller is cancelled        so are all; `cancelled` is thrown when they have ended, also if they returned values; if
//                                  one of them fails, its error. Pending at the beginning: callables are not even spawned.
// Values of lvalue handles are copied, of rvalue handles moved, as by get() &&. The same future twice: its value twice. `void`
// becomes std::monostate. A task that gathers itself: deadlock_error.
// S. On plain threads: handles only, else no_runtime_error.
#include <array>
#include <ranges>
#include <source_location>
#include <tuple>
#include <vector>

#include <weft/detail/several.hpp>
#include <weft/outcome.hpp>

namespace weft {
namespace detail {

template <class P>
auto value_of_part(P& p) -> value_or_monostate<typename P::value_type> {
  if constexpr (std::is_void_v<typename P::value_type>) {
    p.value();
    return {};
  } else {
    return p.value();
  }
}

template <class P>
auto outcome_of_part(P& p) -> outcome<typename P::value_type> {
  future_core& c = p.core();
  if (c.state() != job_state::finished) return {thrown_by(c), c.state() == job_state::cancelled};
  if constexpr (std::is_void_v<typename P::value_type>) {
    p.value();
    return outcome<>();
  } else {
    return outcome<typename P::value_type>(p.value());
  }
}

struct as_values {
  static constexpr auto decides = joint::decides::first_error;
  static void check(joint& all) { all.throw_error(); }
  static auto of(auto& part) { return value_of_part(part); }
};
struct as_outcomes {
  static constexpr auto decides = joint::decides::nothing;
  static void check(joint& all) { all.throw_cancelled(); }
  static auto of(auto& part) { return outcome_of_part(part); }
};

template <class As, class... H>
auto gather_parts(part<H>... parts) {
  std::array<completion, sizeof...(H)> nodes;
  joint all(As::decides);
  wait_for_parts(all, nodes, true, parts...);
  As::check(all);
  return std::tuple<decltype(As::of(parts))...>{As::of(parts)...};
}

template <class As, range_of_futures R>
auto gather_range(R&& r, std::source_location site) {
  if constexpr (lasting<R>) {
    auto nodes = nodes_for(r);
    joint all(As::decides);
    for (completion& n : nodes) all.add(n);
    all.wait(true);
    As::check(all);
    using element_part = part<decltype(element<R>(*std::ranges::begin(r)))>;
    std::vector<decltype(As::of(std::declval<element_part&>()))> values;
    values.reserve(nodes.size());
    for (auto&& h : r) {
      element_part p(element<R>(h));
      values.push_back(As::of(p));
    }
    return values;
  } else {
    return gather_range<As>(collect(std::forward<R>(r)), site);
  }
}

template <class As, range_of_callables R>
auto gather_range(R&& r, std::source_location site) {
  if constexpr (std::ranges::forward_range<R>) {
    using element_part = part<decltype(element<R>(*std::ranges::begin(r)))>;
    auto const n = static_cast<std::size_t>(std::ranges::distance(r));
    std::vector<element_part> parts;
    parts.reserve(n);
    std::vector<completion> nodes(n);
    joint all(As::decides);
    if (all.may_spawn()) {
      for (auto&& f : r) {
        parts.emplace_back(element<R>(std::forward<decltype(f)>(f))).spawn(site);
        completion& node = nodes[parts.size() - 1];
        node.core = &parts.back().core();
        all.add(node);
      }
    }
    all.wait(true);
    As::check(all);
    std::vector<decltype(As::of(parts.front()))> values;
    values.reserve(n);
    for (auto& p : parts) values.push_back(As::of(p));
    return values;
  } else {
    return gather_range<As>(collect(std::forward<R>(r)), site);
  }
}

template <class... H>
constexpr void require_joinable() {
  static_assert((joinable<H> && ...), "weft: gather() takes futures, tasks, callables without arguments, or one range of them");
}

}  // namespace detail

// Handles and callables, mixed. std::tuple of the values.
template <class... H>
  requires(!detail::one_range<H...>)
auto gather(H&&... h) {
  detail::require_joinable<H...>();
  if constexpr ((detail::joinable<H> && ...)) {
    return detail::gather_parts<detail::as_values>(detail::part<H>(std::forward<H>(h))...);
  }
}

// A range of handles, or of callables. std::vector of the values.
template <std::ranges::input_range R>
auto gather(R&& range, std::source_location site = std::source_location::current()) {
  static_assert(detail::range_of_joinables<R>, "weft: gather() takes a range of futures, of tasks, or of callables without arguments");
  if constexpr (detail::range_of_joinables<R>) return detail::gather_range<detail::as_values>(std::forward<R>(range), site);
}

// The same, but no error stops it: an outcome<T> for each. Only `cancelled` is thrown, if the caller is cancelled.
template <class... H>
  requires(!detail::one_range<H...>)
auto gather_settled(H&&... h) {
  detail::require_joinable<H...>();
  if constexpr ((detail::joinable<H> && ...)) {
    return detail::gather_parts<detail::as_outcomes>(detail::part<H>(std::forward<H>(h))...);
  }
}
template <std::ranges::input_range R>
auto gather_settled(R&& range, std::source_location site = std::source_location::current()) {
  static_assert(detail::range_of_joinables<R>, "weft: gather_settled() takes a range of futures, of tasks, or of callables without arguments");
  if constexpr (detail::range_of_joinables<R>) return detail::gather_range<detail::as_outcomes>(std::forward<R>(range), site);
}

}  // namespace weft
