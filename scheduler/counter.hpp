#pragma once
// counter: has one writer; readers see recent values.
// Orders: add (release) pairs with get (acquire): who sees a task counted as ended sees it counted as spawned (runtime_core::live).
#include <atomic>
#include <cstdint>

namespace weft::detail {

class counter {
 public:
  std::uint64_t add(std::uint64_t n = 1) noexcept {
    auto const v = value_.load(std::memory_order_relaxed) + n;
    value_.store(v, std::memory_order_release);
    return v;
  }
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace weft::detail
