#pragma once
// histogram: how often something took how long. One writer; readers see recent values.
#include <algorithm>
#include <array>

#include "scheduler/counter.hpp"
#include <weft/detail/duration_buckets.hpp>

namespace weft::detail {

class histogram {
 public:
  static constexpr std::size_t buckets = duration_bounds.size() + 1;  // the last one: longer than all bounds

  void add(std::chrono::nanoseconds took) noexcept {
    counts_[static_cast<std::size_t>(std::ranges::lower_bound(duration_bounds, took) - duration_bounds.begin())].add();
    sum_.add(static_cast<std::uint64_t>(took.count()));
  }

  [[nodiscard]] std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket].get(); }
  [[nodiscard]] std::chrono::nanoseconds sum() const noexcept { return std::chrono::nanoseconds{sum_.get()}; }

 private:
  std::array<counter, buckets> counts_;
  counter sum_;  // ns
};

}  // namespace weft::detail
