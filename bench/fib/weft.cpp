// fib on weft: spawn + get gives every child a full task with a handle, fork is the structured form,
// parallel_invoke has neither handle nor block.
#include <weft/parallel.hpp>
#include <weft/task.hpp>
#include <weft/task_local.hpp>

#include "bench/fib/config.hpp"
#include "bench/fib/weft.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::fib {
namespace {

std::uint64_t by_fork(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  auto left = weft::fork([n] { return by_fork(n - 1); });
  auto const right = by_fork(n - 2);
  return left.get() + right;
}

std::uint64_t by_parallel_invoke(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  std::uint64_t left = 0, right = 0;
  weft::parallel_invoke([&left, n] { left = by_parallel_invoke(n - 1); }, [&right, n] { right = by_parallel_invoke(n - 2); });
  return left + right;
}

void spawn_weft(State& state) {
  on_weft(state.range(1), [&] { measure(state, by_spawn); });
}
// One task local is set at the root and goes along to every child. Read once at the end: that it is still the same.
void spawn_local_weft(State& state) {
  static weft::task_local<int> request;
  on_weft(state.range(1), [&] {
    request.set(42);
    measure(state, [](int n) {
      auto const result = by_spawn(n);
      return weft::spawn([] { return request.get(); }).get() == 42 ? result : 0;
    });
  });
}
void fork_weft(State& state) {
  on_weft(state.range(1), [&] { measure(state, by_fork); });
}
void invoke_weft(State& state) {
  on_weft(state.range(1), [&] { measure(state, by_parallel_invoke); });
}

BENCHMARK(spawn_weft)->Name("fib/spawn/weft")->Apply(large_and_small);
BENCHMARK(spawn_local_weft)->Name("fib/spawn/weft_task_local")->Apply(large_only);
BENCHMARK(fork_weft)->Name("fib/fork/weft")->Apply(large_and_small);
BENCHMARK(invoke_weft)->Name("fib/fork/weft_invoke")->Apply(large_and_small);

}  // namespace
}  // namespace bench::fib
