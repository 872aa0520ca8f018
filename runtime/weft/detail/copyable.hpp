#pragma once
// copyable: std::is_copy_constructible, that also looks into containers: a std::vector says that it can be copied, whatever it holds.
// A class with such a member cannot be looked into: it has to say so itself, by deleting its copy constructor.
#include <concepts>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weft::detail {

template <class T>
inline constexpr bool copyable = std::is_copy_constructible_v<T>;

template <class T>
  requires requires { typename T::allocator_type; } && (!std::same_as<typename T::value_type, T>)
inline constexpr bool copyable<T> = std::is_copy_constructible_v<T> && copyable<typename T::value_type>;

template <class T>
inline constexpr bool copyable<std::optional<T>> = copyable<T>;
template <class A, class B>
inline constexpr bool copyable<std::pair<A, B>> = copyable<A> && copyable<B>;
template <class... T>
inline constexpr bool copyable<std::tuple<T...>> = (copyable<T> && ...);

}  // namespace weft::detail
