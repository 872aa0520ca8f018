#pragma once
// outcome: what has become of one of several futures: a value, or an error.
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace weft {

// As gather_settled() gives it. Not empty, unless moved from.
template <class T = void>
class outcome {
  using stored = std::conditional_t<std::is_void_v<T>, std::true_type, T>;

 public:
  using value_type = T;
  using reference = std::add_lvalue_reference_t<T>;
  using const_reference = std::add_lvalue_reference_t<std::add_const_t<T>>;

  outcome()
    requires std::is_void_v<T>
      : value_(std::true_type{}) {}
  template <class U = stored>
    requires(!std::is_void_v<T> && std::is_constructible_v<stored, U> && !std::is_same_v<std::remove_cvref_t<U>, outcome>)
  explicit outcome(U&& value) : value_(std::in_place, std::forward<U>(value)) {}
  // `cancelled`: the error says that it ended by cancellation.
  outcome(std::exception_ptr error, bool cancelled) noexcept : error_(std::move(error)), cancelled_(cancelled) {}

  [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  // The value, or throws the error.
  reference value() & {
    check();
    if constexpr (!std::is_void_v<T>) return *value_;
  }
  const_reference value() const& {
    check();
    if constexpr (!std::is_void_v<T>) return *value_;
  }
  T value() && {
    check();
    if constexpr (!std::is_void_v<T>) return std::move(*value_);
  }
  reference operator*() & { return value(); }
  const_reference operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  auto* operator->()
    requires(!std::is_void_v<T>)
  {
    return &value();
  }
  auto const* operator->() const
    requires(!std::is_void_v<T>)
  {
    return &value();
  }
  // Null if there is a value; of what was cancelled: a task_cancelled_error.
  [[nodiscard]] std::exception_ptr error() const noexcept { return error_; }
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

 private:
  void check() const {
    if (!value_) std::rethrow_exception(error_);
  }
  std::optional<stored> value_;
  std::exception_ptr error_;
  bool cancelled_ = false;
};

}  // namespace weft
