#include "scheduler/tick_clock.hpp"

#include <utility>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace weft::detail {

bool tick_clock::has_steady_counter() noexcept {
#if defined(__x86_64__)
  constexpr unsigned power_management = 0x80000007, invariant = 1u << 8;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(power_management, &a, &b, &c, &d) != 0 && (d & invariant) != 0;
#else
  return false;
#endif
}

// The thread may lose its CPU between the reads: the closest of several counts.
tick_clock::moment tick_clock::both() const noexcept {
  moment best;
  for (auto [tries, closest] = std::pair{16, UINT64_MAX}; tries != 0; --tries) {
    auto const before = now();
    auto const ns = std::chrono::steady_clock::now().time_since_epoch().count();
    auto const between = now() - before;
    if (!counts_) return {static_cast<std::uint64_t>(ns), ns};
    if (between < closest) {
      closest = between;
      best = {before + between / 2, ns};
    }
  }
  return best;
}

}  // namespace weft::detail
