#pragma once
// What streams read into and write from: anything contiguous of bytes or characters, text included.
#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>

namespace weft {
namespace detail {

template <class T>
concept byte_like = std::same_as<std::remove_const_t<T>, std::byte> || std::same_as<std::remove_const_t<T>, char> ||
                    std::same_as<std::remove_const_t<T>, unsigned char>;
template <class R>
concept byte_range = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
                     byte_like<std::remove_reference_t<std::ranges::range_reference_t<R>>>;
template <class R>
concept writable_byte_range = byte_range<R> && !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>> &&
                              (std::ranges::borrowed_range<R> || std::is_lvalue_reference_v<R>);

}  // namespace detail

class writable_bytes : public std::span<std::byte> {
 public:
  template <detail::writable_byte_range R>
  writable_bytes(R&& r) noexcept
      : std::span<std::byte>(reinterpret_cast<std::byte*>(std::ranges::data(r)), static_cast<std::size_t>(std::ranges::size(r))) {}
};

// A literal is its text, without the 0 at its end.
class readable_bytes : public std::span<std::byte const> {
 public:
  template <detail::byte_range R>
    requires(!std::convertible_to<R, std::string_view>)
  readable_bytes(R const& r) noexcept
      : std::span<std::byte const>(reinterpret_cast<std::byte const*>(std::ranges::data(r)), static_cast<std::size_t>(std::ranges::size(r))) {}
  template <std::convertible_to<std::string_view> Text>
  readable_bytes(Text const& text) noexcept : readable_bytes(of_text{}, text) {}

 private:
  struct of_text {};
  readable_bytes(of_text, std::string_view s) noexcept
      : std::span<std::byte const>(reinterpret_cast<std::byte const*>(s.data()), s.size()) {}
};

}  // namespace weft
