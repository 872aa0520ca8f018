#pragma once
// tick_clock: the cheapest steady time stamps there are, in ticks of their own. tick_scale makes times of them.
#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace weft::detail {

// The CPU's time stamp counter where that goes on at one speed whatever the CPU does: it is read in half the time that the
// steady clock takes. Else that clock, in ns.
class tick_clock {
 public:
  tick_clock() noexcept : counts_(has_steady_counter()) {}

  [[nodiscard]] std::uint64_t now() const noexcept {
#if defined(__x86_64__)
    if (counts_) [[likely]] return __rdtsc();
#endif
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }

  // One moment on both clocks; ns of the steady clock.
  struct moment {
    std::uint64_t ticks = 0;
    std::int64_t ns = 0;
  };
  [[nodiscard]] moment both() const noexcept;

 private:
  [[nodiscard]] static bool has_steady_counter() noexcept;  // takes long under a hypervisor

  bool counts_;
};

// By two moments; the further apart they are the better.
class tick_scale {
 public:
  tick_scale(tick_clock::moment first, tick_clock::moment second) noexcept
      : first_(first),
        ns_per_tick_(second.ticks > first.ticks ? static_cast<double>(second.ns - first.ns) / static_cast<double>(second.ticks - first.ticks) : 1) {}

  [[nodiscard]] std::int64_t ns(std::uint64_t ticks) const noexcept {
    return first_.ns + static_cast<std::int64_t>(static_cast<double>(static_cast<std::int64_t>(ticks - first_.ticks)) * ns_per_tick_);
  }

 private:
  tick_clock::moment first_;
  double ns_per_tick_;
};

}  // namespace weft::detail
