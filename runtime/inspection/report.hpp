#pragma once
// Who a report on stderr is about, in one form. Each report is one write_to_stderr().
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

#include <weft/inspect.hpp>

namespace weft::detail {

struct fiber;
struct future_core;

// "task 'x' (id 7, spawned at f.cpp:12)", piece by piece to add(std::string_view). As async-signal-safe as add() is.
template <class Add>
void introduce_to(Add&& add, std::string_view name, std::uint64_t id, std::source_location spawned_at) {
  auto const number = [&add](std::uint64_t n) {
    char digits[20];
    add(std::string_view(digits, std::to_chars(digits, digits + sizeof digits, n).ptr));
  };
  add("task '");
  add(name);
  add("' (id ");
  number(id);
  add(", spawned at ");
  add(spawned_at.file_name());
  add(":");
  number(spawned_at.line());
  add(")");
}

// The same at once. std::bad_alloc.
[[nodiscard]] std::string introduce(std::string_view name, std::uint64_t id, std::source_location spawned_at);
[[nodiscard]] std::string introduce(task_info const&);
[[nodiscard]] std::string introduce(future_core&);

// Who runs there, cut off at n - 1 characters and ended by a zero. Async-signal-safe.
void introduce(fiber const&, char* out, std::size_t n) noexcept;

}  // namespace weft::detail
