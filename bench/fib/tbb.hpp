#pragma once
// fib on oneTBB by task_group.
#include <oneapi/tbb/task_group.h>

#include <cstdint>

namespace bench::fib {

inline std::uint64_t by_task_group(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  std::uint64_t left = 0;
  tbb::task_group group;
  group.run([&left, n] { left = by_task_group(n - 1); });
  auto const right = by_task_group(n - 2);
  group.wait();
  return left + right;
}

}  // namespace bench::fib
