#pragma once
// What parallel_for, parallel_reduce and parallel_invoke hand to a team.
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <source_location>
#include <type_traits>
#include <utility>

#include <weft/detail/pieces.hpp>

namespace weft::detail {

template <class I>
concept counter_type = std::integral<I> && !std::same_as<std::remove_cv_t<I>, bool>;
template <class First, class Last>
inline constexpr bool is_integer_range = counter_type<First> && counter_type<Last>;
template <class First, class Last>
inline constexpr bool is_iterator_range = false;
template <std::random_access_iterator First, std::sized_sentinel_for<First> Last>
inline constexpr bool is_iterator_range<First, Last> = true;
template <class First, class Last>
inline constexpr bool is_range = is_integer_range<First, Last> || is_iterator_range<First, Last>;

template <class First, class Last>
constexpr void require_range() {
  static_assert(is_range<First, Last>,
                "weft: a parallel loop takes two integers (first, last), or two random-access iterators of one sequence");
}

template <class T, class F, class... Args>
concept invocable_to = std::invocable<F, Args...> && std::convertible_to<std::invoke_result_t<F, Args...>, T>;

// The integers of [first, last).
template <class First, class Last>
class integers {
 public:
  using element = std::common_type_t<First, Last>;
  integers(First first, Last last) noexcept
      : first_(static_cast<element>(first)),
        size_(std::cmp_less(first, last) ? static_cast<std::size_t>(last) - static_cast<std::size_t>(first) : 0) {}
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // f(element) for those from the i-th to before the end-th.
  template <class F>
  void each(std::size_t i, std::size_t end, F&& f) const {
    element x = at(i);
    for (std::size_t n = end - i; n != 0; --n, ++x) f(element{x});
  }

 private:
  [[nodiscard]] element at(std::size_t i) const noexcept {
    return static_cast<element>(static_cast<std::size_t>(first_) + i);  // modulo 2^64, where signed would overflow
  }
  element first_;
  std::size_t size_;
};

// What [first, last) refers to.
template <class First, class Last>
class referred {
 public:
  using element = std::iter_reference_t<First>;
  referred(First first, Last last) : first_(first), size_(last - first > 0 ? static_cast<std::size_t>(last - first) : 0) {}
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  template <class F>
  void each(std::size_t i, std::size_t end, F&& f) const {
    First it = first_ + static_cast<std::iter_difference_t<First>>(i);
    for (std::size_t n = end - i; n != 0; --n, ++it) f(*it);
  }

 private:
  First first_;
  std::size_t size_;
};

template <class First, class Last>
using range_of = std::conditional_t<is_integer_range<First, Last>, integers<First, Last>, referred<First, Last>>;

// As do_pieces wants it.
template <class Range, class Body>
class loop {
 public:
  loop(Range const& all, Body& body) noexcept : all_(all), body_(body) {}
  void do_some(std::size_t i, std::size_t end) {
    all_.each(i, end, [this]<class E>(E&& e) { (void)std::invoke(body_, std::forward<E>(e)); });
  }
  [[nodiscard]] loop another() const noexcept { return *this; }
  void add(loop&&) noexcept {}

 private:
  Range const& all_;
  Body& body_;
};

template <class Range, class T, class Map, class Join>
class reduction {
 public:
  reduction(Range const& all, T const& identity, Map& map, Join& join)
      : all_(all), identity_(identity), map_(map), join_(join), value_(identity) {}
  void do_some(std::size_t i, std::size_t end) {
    T sum = std::move(value_);  // in registers, if it fits
    all_.each(i, end, [&]<class E>(E&& e) { sum = std::invoke(join_, std::move(sum), static_cast<T>(std::invoke(map_, std::forward<E>(e)))); });
    value_ = std::move(sum);
  }
  [[nodiscard]] reduction another() const { return {all_, identity_, map_, join_}; }
  void add(reduction&& right) { value_ = std::invoke(join_, std::move(value_), std::move(right.value_)); }
  T value() && { return std::move(value_); }

 private:
  Range const& all_;
  T const& identity_;
  Map& map_;
  Join& join_;
  T value_;
};

// Negative: std::invalid_argument.
[[nodiscard]] std::size_t checked_grain(std::ptrdiff_t);

template <class Work>
void do_in_parallel(char const* what, Work& work, std::size_t size, std::ptrdiff_t grain, std::source_location site) {
  pace const p(checked_grain(grain));
  work_as_team(what, site, [&](member& m) noexcept { do_pieces(m, work, 0, size, p); });
}

template <class F>
void invoke_all(member& m, F&& f) noexcept {
  m.call([&] { (void)std::invoke(std::forward<F>(f)); });
}
inline void invoke_all(member&) noexcept {}

// The first here, the rest to be taken.
template <class F, class... Rest>
  requires(sizeof...(Rest) != 0)
void invoke_all(member& m, F&& f, Rest&&... rest) noexcept {  // NOLINT(misc-no-recursion)
  auto const others = [&](member& by) noexcept { invoke_all(by, std::forward<Rest>(rest)...); };
  struct rest_of_them final : portion {
    rest_of_them(team& t, decltype(others)& o) noexcept : portion(t, &take_it), all(o) {}
    static void take_it(portion& p, member& by) noexcept { static_cast<rest_of_them&>(p).all(by); }
    decltype(others)& all;
  } rest_part(m.its_team(), others);
  bool const forked = m.fork(rest_part);
  invoke_all(m, std::forward<F>(f));
  if (!forked || m.join(rest_part)) others(m);
}

}  // namespace weft::detail
