#pragma once
// Parallel loops, reductions and calls, for what has to be computed. The caller does the work itself; workers that have nothing
// to do take a part of what it has not come to yet. A call that nobody joins in costs little more than the plain loop.
//
// Bodies run at the same time, on the caller's task or on short-lived tasks of their own, and may refer to the caller's stack.
// They may suspend, spawn, and call parallel_*() in turn. They begin with the caller's task locals; what they set there
// ends with the call at the latest. A request of cancellation that a body swallows is swallowed.
//   a body throws            no new bodies start, all that run end; then the first error is thrown. `cancelled`, thrown by a body,
//                            is an error like others, but gives way to them
//   the caller is cancelled  also between bodies: no new ones start, those that run are cancelled and waited for; then
//                            `cancelled` is thrown, or the first error if one of them fails
// S, and a checkpoint. On plain threads: no_runtime_error.
//
// grain: how many elements are done between two looks at who wants some; 0 (auto_grain): as many as take some microseconds, but
// one by one when each takes longer. Negative: std::invalid_argument.
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <source_location>
#include <type_traits>
#include <utility>

#include <weft/detail/loops.hpp>

namespace weft {

inline constexpr std::ptrdiff_t auto_grain = 0;

// body(i) for each integer of [first, last), or body(*it) for each random-access iterator; in no order. Integers of two types:
// i is of their common one. Nothing to do if last <= first.
template <class First, class Last, class Body>
void parallel_for(First first, Last last, Body&& body, std::ptrdiff_t grain = auto_grain,
                  std::source_location site = std::source_location::current()) {
  detail::require_range<First, Last>();
  if constexpr (detail::is_range<First, Last>) {
    using range = detail::range_of<First, Last>;
    static_assert(std::invocable<Body&, typename range::element>,
                  "weft: parallel_for()'s body must be callable with an integer of the range, or with what the iterator refers to");
    if constexpr (std::invocable<Body&, typename range::element>) {
      range const all(first, last);
      detail::loop<range, std::remove_reference_t<Body>> work(all, body);
      detail::do_in_parallel("parallel_for()", work, all.size(), grain, site);
    }
  }
}

// join(... join(join(identity, map(first)), map(first + 1)) ..., map(last - 1)), or any other bracketing that keeps this order.
// So join has to be associative, not commutative; and with floating point the last digits may differ from run to run. map(i) and
// map(*it) as parallel_for's body. T is copied for each part that another worker takes.
template <class First, class Last, class T, class Map, class Join>
[[nodiscard]] T parallel_reduce(First first, Last last, T identity, Map&& map, Join&& join, std::ptrdiff_t grain = auto_grain,
                                std::source_location site = std::source_location::current()) {
  detail::require_range<First, Last>();
  if constexpr (detail::is_range<First, Last>) {
    using range = detail::range_of<First, Last>;
    constexpr bool maps = detail::invocable_to<T, Map&, typename range::element>;
    constexpr bool joins = detail::invocable_to<T, Join&, T, T>;
    static_assert(std::copy_constructible<T> && std::movable<T>,
                  "weft: parallel_reduce()'s identity must be copyable and assignable: every part begins with a copy of it");
    static_assert(maps, "weft: parallel_reduce()'s map must take an element and return what converts to the identity's type");
    static_assert(joins, "weft: parallel_reduce()'s join must take two values and return one, of the identity's type");
    if constexpr (maps && joins && std::copy_constructible<T> && std::movable<T>) {
      range const all(first, last);
      detail::reduction<range, T, std::remove_reference_t<Map>, std::remove_reference_t<Join>> work(all, identity, map, join);
      detail::do_in_parallel("parallel_reduce()", work, all.size(), grain, site);
      return std::move(work).value();
    }
  }
}

// Calls all of them, each once, in no order; what they return is dropped.
template <class... F>
void parallel_invoke(F&&... f) {
  static_assert((std::invocable<F> && ...), "weft: parallel_invoke() takes callables without arguments");
  if constexpr ((std::invocable<F> && ...)) {
    detail::work_as_team("parallel_invoke()", {}, [&](detail::member& m) noexcept { detail::invoke_all(m, std::forward<F>(f)...); });
  }
}

}  // namespace weft
