#pragma once
// Time: the clock tasks live by, and a deadline that converts from whatever says "until when".
#include <chrono>
#include <cstdint>
#include <type_traits>

#include <weft/detail/parking.hpp>

namespace weft {

// A Clock. Steady; inside a simulation it is the simulation's virtual time.
struct clock {
  using duration = std::chrono::steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;
  static time_point now() noexcept { return time_point{duration{detail::now_ns()}}; }
};
static_assert(std::is_same_v<clock::period, std::nano>, "weft counts in nanoseconds");

struct never_t {
  explicit constexpr never_t() = default;
};
inline constexpr never_t never{};

// A point in time, or never. Durations count from now; they saturate, and a negative one has passed already.
class deadline {
 public:
  constexpr deadline(never_t) noexcept {}
  constexpr deadline(clock::time_point at) noexcept : at_(at.time_since_epoch().count()) {}
  template <class Rep, class Period>
  deadline(std::chrono::duration<Rep, Period> d) noexcept : at_(after(d)) {}

  [[nodiscard]] constexpr bool is_never() const noexcept { return at_ == detail::no_limit; }
  [[nodiscard]] bool passed() const noexcept { return !is_never() && detail::now_ns() >= at_; }
  [[nodiscard]] constexpr clock::time_point time() const noexcept { return clock::time_point{clock::duration{at_}}; }
  [[nodiscard]] constexpr std::int64_t ns() const noexcept { return at_; }

 private:
  template <class Rep, class Period>
  static std::int64_t after(std::chrono::duration<Rep, Period> d) noexcept {
    using wide = std::chrono::duration<long double, std::nano>;
    auto const now = detail::now_ns();
    if (!(d > d.zero())) return now;  // zero, negative, not a number
    auto const ns = std::chrono::duration_cast<wide>(d).count();
    if (ns >= static_cast<long double>(detail::no_limit - now)) return detail::no_limit;
    auto whole = static_cast<std::int64_t>(ns);
    if (static_cast<long double>(whole) < ns) ++whole;  // never early
    return now + whole;
  }

  std::int64_t at_ = detail::no_limit;
};

}  // namespace weft
