#pragma once
// A statement's $1, $2 ...: text, or null. The server makes of the text what the statement wants.

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace postgres {

class parameter {
 public:
  parameter(std::nullopt_t) noexcept {}
  template <std::same_as<bool> B>
  parameter(B b) : text_{b ? "t" : "f"} {}
  template <class N>
    requires(!std::same_as<N, bool> && (std::integral<N> || std::floating_point<N>))
  parameter(N n) {
    std::array<char, 64> digits;
    text_.emplace(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr);
  }
  // A zero byte in it, which no text of the server's can hold: std::invalid_argument.
  parameter(std::string text) : text_{std::move(text)} {
    if (text_->find('\0') != std::string::npos) throw std::invalid_argument{"postgres: a parameter with a zero byte"};
  }
  parameter(std::string_view text) : parameter{std::string{text}} {}
  parameter(char const* text) : text_{text} {}
  parameter(std::nullptr_t) = delete;
  template <class T>
  parameter(std::optional<T> const& value) : parameter{value ? parameter{*value} : parameter{std::nullopt}} {}

  // Null for null.
  [[nodiscard]] char const* c_str() const noexcept { return text_ ? text_->c_str() : nullptr; }

 private:
  std::optional<std::string> text_;
};

}  // namespace postgres
