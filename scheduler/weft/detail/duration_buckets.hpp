#pragma once
// The bounds of all histograms of durations, those within: 1, 2 and 5 of each power of ten from 1 µs to 10 s.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weft::detail {

inline constexpr auto duration_bounds = [] {
  std::array<std::chrono::nanoseconds, 22> bounds{};
  std::int64_t ns = 1000;
  for (std::size_t i = 0; i != bounds.size(); ++i) {
    bounds[i] = std::chrono::nanoseconds{ns};
    ns = i % 3 == 1 ? ns / 2 * 5 : ns * 2;
  }
  return bounds;
}();
static_assert(duration_bounds.back() == std::chrono::seconds{10});

// Of what becomes ready, and of what runs, so much is measured.
inline constexpr unsigned measured_one_in = 128;

}  // namespace weft::detail
