#pragma once
// The two futex calls: sleep while a word has a value, wake who sleeps on it.
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace weft::detail {

inline constexpr std::int64_t no_time_limit = INT64_MAX;

// Returns when woken, when the value differs, on a signal, or at the steady-clock time `until` (ns).
inline void futex_wait(void* word, std::uint32_t value, std::int64_t until = no_time_limit) noexcept {
  timespec at{static_cast<time_t>(until / 1'000'000'000), static_cast<long>(until % 1'000'000'000)};
  ::syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, until == no_time_limit ? nullptr : &at, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

inline void futex_wake_one(void* word) noexcept { ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0); }

}  // namespace weft::detail
