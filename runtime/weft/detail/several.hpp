#pragma once
// What gather, wait, as_completed and race take: handles and callables, one by one or in a range.
#include <concepts>
#include <iterator>
#include <ranges>
#include <source_location>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <weft/detail/joint.hpp>
#include <weft/task.hpp>

namespace weft::detail {

// The block behind any kind of handle.
struct core_access {
  static future_core& of(handle const& h) { return h.core(); }
  static future_core& of(any_task const& t) { return t.core(); }
};

template <class H>
concept future_handle = std::derived_from<std::remove_cvref_t<H>, handle> &&
                        requires { typename std::remove_cvref_t<H>::value_type; };
template <class H>
concept any_handle = future_handle<H> || std::same_as<std::remove_cvref_t<H>, any_task>;
template <class H>
concept joinable = future_handle<H> || (!any_handle<H> && runnable<H>);

template <class R>
concept range_of_handles = std::ranges::input_range<R> && any_handle<std::ranges::range_reference_t<R>>;
template <class R>
concept range_of_futures = range_of_handles<R> && future_handle<std::ranges::range_reference_t<R>>;
template <class R>
concept range_of_callables = std::ranges::input_range<R> && !range_of_handles<R> && runnable<std::ranges::range_value_t<R>>;
template <class R>
concept range_of_joinables = range_of_futures<R> || range_of_callables<R>;

template <class... H>
inline constexpr bool one_range = false;
template <class R>
inline constexpr bool one_range<R> = std::ranges::range<R>;

template <class T>
using value_or_monostate = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

// Elements of an rvalue container are moved from; what a view refers to is somebody else's.
template <class R>
inline constexpr bool gives_away = !std::is_lvalue_reference_v<R> && !std::ranges::view<std::remove_cvref_t<R>>;

// Its elements stay where they are while it is walked through twice.
template <class R>
concept lasting = std::ranges::forward_range<R> && std::is_lvalue_reference_v<std::ranges::range_reference_t<R>>;

template <class R, class E>
decltype(auto) element(E&& e) noexcept {
  if constexpr (gives_away<R>) {
    return std::move(e);
  } else {
    return std::forward<E>(e);
  }
}

template <class R>
std::vector<std::ranges::range_value_t<R>> collect(R&& r) {
  std::vector<std::ranges::range_value_t<R>> all;
  if constexpr (std::ranges::sized_range<R>) all.reserve(static_cast<std::size_t>(std::ranges::size(r)));
  for (auto&& e : r) all.push_back(element<R>(std::forward<decltype(e)>(e)));
  return all;
}

// The nodes for a range of handles, not watched yet.
template <class R>
std::vector<completion> nodes_for(R& r) {
  std::vector<completion> nodes(static_cast<std::size_t>(std::ranges::distance(r)));
  std::size_t i = 0;
  for (auto const& h : r) nodes[i++].core = &core_access::of(h);
  prepare(nodes);
  return nodes;
}

// One of several: its future, and how its value is taken. H as forwarded: an lvalue's value is copied, an rvalue's moved.
template <class H>
class part;

template <future_handle H>
class part<H> {
 public:
  using value_type = typename std::remove_cvref_t<H>::value_type;
  static constexpr bool spawned = false;

  explicit part(H&& h) noexcept : handle_(std::forward<H>(h)) {}
  void spawn(std::source_location) noexcept {}
  [[nodiscard]] future_core& core() const { return handle_.core(); }
  value_type value() {
    static_assert(!std::is_lvalue_reference_v<H> || std::is_void_v<value_type> || copyable<value_type>,
                  "weft: the value cannot be copied: pass the handle (or the range of handles) as an rvalue, by std::move");
    return std::forward<H>(handle_).result();
  }

 private:
  H&& handle_;
};

template <class F>
  requires(!any_handle<F>)
class part<F> {
 public:
  using value_type = result_of<F>;
  static constexpr bool spawned = true;

  explicit part(F&& f) noexcept : callable_(std::forward<F>(f)) {}
  void spawn(std::source_location site) {
    auto& c = make_task(std::forward<F>(callable_), nullptr, site);
    launch_or_discard<F>(c, nullptr);
    child_ = task<value_type>(&c);
  }
  [[nodiscard]] future_core& core() const { return child_.core(); }
  value_type value() { return std::move(child_).result(); }

 private:
  F&& callable_;
  task<value_type> child_;
};

// Waits for handles and, spawned here, callables. Those left out (a request was pending) have no core.
template <class... H>
void wait_for_parts(joint& all, std::span<completion> nodes, bool in_place, part<H>&... parts) {
  std::size_t i = 0;
  ((part<H>::spawned ? void(++i) : void(nodes[i++].core = &parts.core())), ...);
  prepare(nodes);
  i = 0;
  [[maybe_unused]] auto const site = joining_site();
  [[maybe_unused]] auto const add = [&](auto& p) {
    completion& n = nodes[i++];
    if constexpr (std::remove_reference_t<decltype(p)>::spawned) {
      if (!all.may_spawn()) return;
      p.spawn(site);
      n.core = &p.core();
    }
    all.add(n);
  };
  (add(parts), ...);
  all.wait(in_place);
}

}  // namespace weft::detail
