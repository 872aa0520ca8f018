// fib on oneTBB: task_group beside spawn + get, parallel_invoke beside fork.
#include <oneapi/tbb/parallel_invoke.h>

#include "bench/fib/config.hpp"
#include "bench/fib/tbb.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::fib {
namespace {

std::uint64_t by_parallel_invoke(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  std::uint64_t left = 0, right = 0;
  tbb::parallel_invoke([&left, n] { left = by_parallel_invoke(n - 1); },
                       [&right, n] { right = by_parallel_invoke(n - 2); });
  return left + right;
}

void spawn_tbb(State& state) {
  on_tbb(state.range(1), [&] { measure(state, by_task_group); });
}
void fork_tbb(State& state) {
  on_tbb(state.range(1), [&] { measure(state, by_parallel_invoke); });
}

BENCHMARK(spawn_tbb)->Name("fib/spawn/tbb")->Apply(large_only);
BENCHMARK(fork_tbb)->Name("fib/fork/tbb")->Apply(large_only);

}  // namespace
}  // namespace bench::fib
