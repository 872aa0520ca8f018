#pragma once
// exception_group: the errors of several tasks as one exception, and what Python's except* does with it.
//
// Groups may hold groups. split(), handle() and flatten() speak of the errors at the leaves: they look into groups and never
// take one for an error, though a group is a std::exception.
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/cancel.hpp>

namespace weft {

// An error and the task it comes from. No task: id 0, no name.
struct failure {
  std::exception_ptr error;
  std::uint64_t task_id = 0;
  std::string task_name = {};
  std::source_location spawned_at = {};
};

// Immutable, and cheap to copy: copies share the errors. The errors are shared with all who look at them: treat them as const.
class exception_group : public std::runtime_error {
 public:
  // what() is the message, the number of errors, and the first one's what() and task. None, or a null error: invalid_argument.
  exception_group(std::string message, std::vector<failure>);
  exception_group(exception_group const&) noexcept = default;
  exception_group& operator=(exception_group const&) noexcept = default;
  ~exception_group() override;

  [[nodiscard]] std::string const& message() const noexcept;
  // In order of failure. Valid as long as any copy of this group.
  [[nodiscard]] std::span<std::exception_ptr const> exceptions() const noexcept;
  [[nodiscard]] std::span<failure const> failures() const noexcept;

  // Those that `catch (E const&)` catches, and the rest. Both keep message, order and nesting; groups left empty go.
  template <class E>
  [[nodiscard]] std::pair<std::optional<exception_group>, std::optional<exception_group>> split() const;

  // Each error goes, in order, to the first of the handlers whose parameter would catch it; a parameter of type
  // std::exception_ptr catches everything. A handler takes its error by value or reference to const, and may suspend.
  // What no handler catches is thrown as a group, with its nesting. So is what a handler throws, in the place of the error it
  // was given; `throw;` leaves that as it was. `cancelled` thrown by a handler (S calls do) goes out at once, alone.
  template <class... H>
  void handle(H&&... handlers) const;

  // The errors of nested groups, each with its own task, in one group.
  [[nodiscard]] exception_group flatten() const;

 private:
  struct contents;
  std::shared_ptr<contents const> contents_;
};

namespace detail {

// What becomes of one error: itself, another in its place, or null: it is left out.
using error_map = std::function<std::exception_ptr(std::exception_ptr const&)>;
[[nodiscard]] std::optional<exception_group> map_errors(exception_group const&, error_map const&);

template <class C>
struct handler_parameter {};  // no one definite type
template <class R, class P>
struct handler_parameter<R (*)(P)> {
  using type = P;
};
template <class R, class P>
struct handler_parameter<R (*)(P) noexcept> : handler_parameter<R (*)(P)> {};
template <class C>
  requires requires { &C::operator(); }
struct handler_parameter<C> : handler_parameter<decltype(&C::operator())> {};
template <class R, class C, class P>
struct handler_parameter<R (C::*)(P)> : handler_parameter<R (*)(P)> {};
template <class R, class C, class P>
struct handler_parameter<R (C::*)(P) const> : handler_parameter<R (*)(P)> {};
template <class R, class C, class P>
struct handler_parameter<R (C::*)(P) noexcept> : handler_parameter<R (*)(P)> {};
template <class R, class C, class P>
struct handler_parameter<R (C::*)(P) const noexcept> : handler_parameter<R (*)(P)> {};

template <class E>
constexpr void require_leaf() {
  static_assert(!std::is_base_of_v<exception_group, E>,
                "weft: groups are looked into, so no error is an exception_group: name the type of the errors inside");
}

template <class E>
bool catches(std::exception_ptr const& p) {
  try {
    std::rethrow_exception(p);
  } catch (E const&) {
    return true;
  } catch (...) {
    return false;
  }
}

// False: it does not catch this one.
template <class H>
bool offer(std::exception_ptr const& p, H& handler) {
  static_assert(requires { typename handler_parameter<std::decay_t<H>>::type; },
                "weft: a handler is called with one error, of a type that its parameter names (no auto); "
                "to catch everything take a std::exception_ptr");
  if constexpr (requires { typename handler_parameter<std::decay_t<H>>::type; }) {
    using parameter = typename handler_parameter<std::decay_t<H>>::type;
    using error = std::remove_cvref_t<parameter>;
    static_assert(!std::is_reference_v<parameter> || std::is_const_v<std::remove_reference_t<parameter>>,
                  "weft: a handler takes its error by value or by reference to const: others share the same object");
    require_leaf<error>();
    if constexpr (std::is_same_v<error, std::exception_ptr>) {
      handler(p);
      return true;
    } else {
      // A thrown pointer is caught by value: clang binds a reference to it wrongly when it was rethrown from an exception_ptr.
      using caught = std::conditional_t<std::is_pointer_v<error>, error, error const&>;
      try {
        std::rethrow_exception(p);
      } catch (caught e) {
        handler(e);
        return true;
      } catch (...) {
        return false;
      }
    }
  }
}

}  // namespace detail

template <class E>
std::pair<std::optional<exception_group>, std::optional<exception_group>> exception_group::split() const {
  detail::require_leaf<E>();
  auto const those = [this](bool wanted) {
    return detail::map_errors(*this, [wanted](std::exception_ptr const& p) {
      return detail::catches<E>(p) == wanted ? p : std::exception_ptr();
    });
  };
  return {those(true), those(false)};
}

template <class... H>
void exception_group::handle(H&&... handlers) const {
  auto const left = detail::map_errors(*this, [&](std::exception_ptr const& p) {
    try {
      return (detail::offer(p, handlers) || ...) ? std::exception_ptr() : p;
    } catch (cancelled const&) {
      if (std::current_exception() != p) throw;
      return p;
    } catch (...) {
      return std::current_exception();
    }
  });
  if (left) throw exception_group(*left);
}

}  // namespace weft
