#pragma once
// What streams read into and write from: anything contiguous of bytes or characters, text included.
#include <concepts>
#include <cstddef>
#include <cstring>
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

template <class R>
concept text_array = std::is_array_v<std::remove_reference_t<R>> && std::same_as<std::remove_extent_t<std::remove_reference_t<R>>, char const>;
template <class P>
concept text_pointer = std::same_as<P, char const*> || std::same_as<P, char*>;

}  // namespace detail

class writable_bytes : public std::span<std::byte> {
 public:
  template <detail::writable_byte_range R>
  writable_bytes(R&& r) noexcept
      : std::span<std::byte>(reinterpret_cast<std::byte*>(std::ranges::data(r)), static_cast<std::size_t>(std::ranges::size(r))) {}
};

// An array of constant characters, a literal, is its text up to the 0; any other array is all of it.
class readable_bytes : public std::span<std::byte const> {
 public:
  template <detail::byte_range R>
    requires(!detail::text_array<R>)
  readable_bytes(R&& r) noexcept : readable_bytes(std::ranges::data(r), static_cast<std::size_t>(std::ranges::size(r))) {}
  template <std::size_t n>
  readable_bytes(char const (&text)[n]) noexcept : readable_bytes(text, ::strnlen(text, n)) {}
  template <detail::text_pointer P>
  readable_bytes(P const& text) noexcept : readable_bytes(std::string_view(text)) {}

 private:
  readable_bytes(void const* p, std::size_t n) noexcept : std::span<std::byte const>(static_cast<std::byte const*>(p), n) {}
};

}  // namespace weft
