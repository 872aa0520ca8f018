// fib on weft: spawn + get gives every child a full task with a handle, fork is the structured form.
#include <weft/task.hpp>

#include "bench/fib/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::fib {
namespace {

std::uint64_t by_spawn(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  auto left = weft::spawn([n] { return by_spawn(n - 1); });
  auto const right = by_spawn(n - 2);
  return left.get() + right;
}

std::uint64_t by_fork(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  auto left = weft::fork([n] { return by_fork(n - 1); });
  auto const right = by_fork(n - 2);
  return left.get() + right;
}

void spawn_weft(State& state) {
  on_weft(state.range(1), [&] { measure(state, by_spawn); });
}
void fork_weft(State& state) {
  on_weft(state.range(1), [&] { measure(state, by_fork); });
}

BENCHMARK(spawn_weft)->Name("fib/spawn/weft")->Apply(large_and_small);
BENCHMARK(fork_weft)->Name("fib/fork/weft")->Apply(large_and_small);

}  // namespace
}  // namespace bench::fib
