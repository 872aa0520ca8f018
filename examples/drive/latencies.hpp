#pragma once
// How long the requests of one kind took.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <vector>

namespace drive {

using milliseconds = std::chrono::duration<double, std::milli>;

class latencies {
 public:
  // Any thread.
  void add(milliseconds took) {
    std::lock_guard const guard{lock_};
    all_.push_back(took);
  }
  [[nodiscard]] std::size_t count() const {
    std::lock_guard const guard{lock_};
    return all_.size();
  }
  // So many in a hundred took no longer, of those from the first-th on. 0: there is none.
  [[nodiscard]] milliseconds percentile(double p, std::size_t first = 0) const {
    std::lock_guard const guard{lock_};
    if (first >= all_.size()) return milliseconds{0};
    std::vector<milliseconds> some(all_.begin() + static_cast<std::ptrdiff_t>(first), all_.end());
    auto const nth = some.begin() + static_cast<std::ptrdiff_t>(p / 100 * static_cast<double>(some.size() - 1));
    std::nth_element(some.begin(), nth, some.end());
    return *nth;
  }

 private:
  mutable std::mutex lock_;  // never held over a wait
  std::vector<milliseconds> all_;
};

}  // namespace drive
