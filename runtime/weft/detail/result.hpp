#pragma once
// result<T>: a value or an exception, of which the core's state says which. First in the payload, so that its place
// depends on T alone.
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <weft/detail/core.hpp>

namespace weft::detail {

inline constexpr std::size_t payload_align = 16;
inline constexpr std::size_t payload_inline = 512;  // larger or over-aligned things live on the heap

template <class T>
inline constexpr bool fits_inline = sizeof(T) <= payload_inline && alignof(T) <= payload_align;

struct nothing {};

template <class T>
class result {
  using value_type = std::conditional_t<std::is_void_v<T>, nothing, T>;
  using stored = std::conditional_t<fits_inline<value_type>, value_type, std::unique_ptr<value_type>>;

 public:
  static constexpr bool trivial = std::is_trivially_destructible_v<stored>;

  static result& of(future_core& c) noexcept { return *static_cast<result*>(c.payload()); }

  template <class... Args>
  void set(Args&&... args) {
    if constexpr (fits_inline<value_type>) {
      ::new (&storage_) stored(std::forward<Args>(args)...);
    } else {
      ::new (&storage_) stored(new value_type(std::forward<Args>(args)...));
    }
  }
  template <class F>
  void set_from_call(F&& f) {
    if constexpr (std::is_void_v<T>) {
      std::forward<F>(f)();
      ::new (&storage_) stored();
    } else if constexpr (fits_inline<value_type>) {
      ::new (&storage_) stored(std::forward<F>(f)());
    } else {
      ::new (&storage_) stored(new value_type(std::forward<F>(f)()));
    }
  }
  void set_error(std::exception_ptr e) noexcept { ::new (&storage_) std::exception_ptr(std::move(e)); }

  value_type& value() noexcept {
    if constexpr (fits_inline<value_type>) {
      return *std::launder(reinterpret_cast<stored*>(&storage_));
    } else {
      return **std::launder(reinterpret_cast<stored*>(&storage_));
    }
  }
  std::exception_ptr& error() noexcept { return *std::launder(reinterpret_cast<std::exception_ptr*>(&storage_)); }

  static void clear(future_core& c, job_state s) noexcept {
    if (s == job_state::finished) std::launder(reinterpret_cast<stored*>(&of(c).storage_))->~stored();
    if (s == job_state::failed) of(c).error().~exception_ptr();
  }
  static std::exception_ptr& error_in(future_core& c) noexcept { return of(c).error(); }

 private:
  alignas(payload_align < alignof(stored) ? payload_align : (alignof(stored) < alignof(void*) ? alignof(void*) : alignof(stored)))
      std::byte storage_[sizeof(stored) < sizeof(std::exception_ptr) ? sizeof(std::exception_ptr) : sizeof(stored)];
};

}  // namespace weft::detail
