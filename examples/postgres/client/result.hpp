#pragma once
// What a statement gave: rows of fields, or how many rows it changed.

#include <libpq-fe.h>

#include <charconv>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace postgres {

namespace detail {
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
}  // namespace detail

class result {
 public:
  explicit result(PGresult* owned) noexcept : of_{owned} {}

  [[nodiscard]] int rows() const noexcept { return PQntuples(of_.get()); }
  [[nodiscard]] int columns() const noexcept { return PQnfields(of_.get()); }
  // Rows inserted, updated, deleted or selected.
  [[nodiscard]] long long affected() const;

  // The field as an integer, double, bool or std::string; as an std::optional of one it may be null.
  // No such field: std::out_of_range; it is null, or no T: std::runtime_error.
  template <class T>
  [[nodiscard]] T get(int row, int column) const {
    auto const field = text(row, column);
    if constexpr (detail::is_optional<T>) {
      return field ? T{as<typename T::value_type>(*field)} : T{};
    } else {
      if (!field) refuse("null");
      return as<T>(*field);
    }
  }

  [[nodiscard]] PGresult* handle() const noexcept { return of_.get(); }

 private:
  [[nodiscard]] std::optional<std::string_view> text(int row, int column) const;
  [[noreturn]] static void refuse(std::string_view field);

  template <class T>
  static T as(std::string_view field) {
    if constexpr (std::same_as<T, std::string>) {
      return T{field};
    } else if constexpr (std::same_as<T, bool>) {
      if (field != "t" && field != "f") refuse(field);
      return field == "t";
    } else {
      T value{};
      auto const [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
      if (error != std::errc{} || end != field.data() + field.size()) refuse(field);
      return value;
    }
  }

  struct clear {
    void operator()(PGresult* r) const noexcept { PQclear(r); }
  };
  std::unique_ptr<PGresult, clear> of_;
};

}  // namespace postgres
