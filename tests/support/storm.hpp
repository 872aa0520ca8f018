#pragma once
// What the storms share: their length, their seed, threads that start together, and what the process weighs.
#include <barrier>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include <unistd.h>

#include "scheduler/sanitizers.hpp"

namespace storm {

// Sanitizers keep memory and time of their own: figures are checked without them only, and storms are shorter.
#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

[[nodiscard]] inline bool long_version() { return std::getenv("WEFT_LONG") != nullptr; }

// Rounds of a storm: about a second every day, as many as asked for in the long version, of either a tenth with a sanitizer.
[[nodiscard]] inline std::uint64_t rounds(std::uint64_t everyday, std::uint64_t long_one) {
  auto const n = long_version() ? long_one : everyday;
  return sanitized ? (n + 9) / 10 : n;
}

// Another one for each run, printed, and repeated by WEFT_SEED.
[[nodiscard]] inline std::uint64_t seed() {
  char const* const given = std::getenv("WEFT_SEED");
  auto const s = given != nullptr ? std::strtoull(given, nullptr, 0) : std::uint64_t{std::random_device{}()};
  std::printf("WEFT_SEED=%llu\n", static_cast<unsigned long long>(s));
  std::fflush(stdout);
  return s;
}

// xorshift64*: small enough for every task to have its own.
class dice {
 public:
  explicit dice(std::uint64_t s) noexcept : state_((s + 1) * 0x9e3779b97f4a7c15ull | 1) {}
  std::uint64_t operator()() noexcept {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return (state_ * 0x2545f4914f6cdd1dull) >> 11;
  }
  std::uint64_t below(std::uint64_t n) noexcept { return (*this)() % n; }

 private:
  std::uint64_t state_;
};

// f(i) on n plain threads, all at once; returns when all have.
template <class F>
void stampede(unsigned n, F&& f) {
  std::barrier start(static_cast<std::ptrdiff_t>(n));
  std::vector<std::thread> threads;
  for (unsigned i = 0; i != n; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      f(i);
    });
  }
  for (auto& t : threads) t.join();
}

// On a plain thread: spins a little, then lets others have the CPU.
template <class Condition>
void wait_until(Condition&& holds) {
  for (int spins = 0; !holds(); ++spins) {
    if (spins > 200) std::this_thread::yield();
  }
}

// Bytes of memory this process has now.
[[nodiscard]] inline std::size_t resident() {
  std::FILE* const f = std::fopen("/proc/self/statm", "r");
  unsigned long all = 0, mine = 0;
  int const n = f != nullptr ? std::fscanf(f, "%lu %lu", &all, &mine) : 0;
  if (f != nullptr) std::fclose(f);
  return n == 2 ? mine * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

inline constexpr std::size_t mib = 1024 * 1024;

}  // namespace storm
