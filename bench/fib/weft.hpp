#pragma once
// fib on weft by spawn + get: every child a full task with a handle.
#include <weft/task.hpp>

#include <cstdint>

namespace bench::fib {

inline std::uint64_t by_spawn(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  auto left = weft::spawn([n] { return by_spawn(n - 1); });
  auto const right = by_spawn(n - 2);
  return left.get() + right;
}

}  // namespace bench::fib
