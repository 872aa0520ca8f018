#pragma once
// Times of many single events, of which a percentile says more than the mean.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "bench/support/harness.hpp"

namespace bench {

using clock = std::chrono::steady_clock;

class samples {
 public:
  explicit samples(std::size_t expected = 0) { all_.reserve(expected); }

  void add(clock::duration time) { add(std::chrono::duration<double, std::micro>(time).count()); }
  void add(double value) { all_.push_back(value); }
  void add(samples const& other) { all_.insert(all_.end(), other.all_.begin(), other.all_.end()); }
  std::size_t size() const { return all_.size(); }

  // The least value that `percent` of all are not above (nearest rank); times are in microseconds. Nothing there: not a number.
  double percentile(double percent) {
    if (all_.empty()) return std::nan("");
    auto const rank = std::ceil(percent / 100 * static_cast<double>(all_.size()));
    auto const nth = all_.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
    std::nth_element(all_.begin(), nth, all_.end());
    return *nth;
  }

  // Counters <prefix>p50_us and <prefix>p99_us.
  void report(State& state, std::string const& prefix = {}) {
    state.counters[prefix + "p50_us"] = percentile(50);
    state.counters[prefix + "p99_us"] = percentile(99);
  }

 private:
  std::vector<double> all_;
};

// How many samples of what has to settle each time: enough for a p99; fewer on a machine so busy that settling takes long.
class sampling {
 public:
  static constexpr std::size_t count = 500, enough = 20;

  bool more(samples const& s) const { return s.size() < count && (s.size() < enough || clock::now() < stop_); }

 private:
  clock::time_point const stop_ = clock::now() + std::chrono::seconds{5};
};

}  // namespace bench
