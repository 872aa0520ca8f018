// fib as plain calls, computed twice: one after the other, and by two threads at once. The ratio of the two
// rows is the gain that this machine's second CPU has to give, which the other rows with 2 workers are
// measured against.
#include <array>
#include <thread>

#include "bench/fib/config.hpp"

namespace bench::fib {
namespace {

[[gnu::noinline]] std::uint64_t by_calls(int n) {
  if (n < 2) return static_cast<std::uint64_t>(n);
  return by_calls(n - 1) + by_calls(n - 2);
}

void serial(State& state) {
  int n = static_cast<int>(state.range(0));
  for (auto _ : state) {
    std::array<std::uint64_t, 2> results{};
    benchmark::DoNotOptimize(n);
    if (state.range(1) == 1) {
      results[0] = by_calls(n);
      benchmark::ClobberMemory();
      results[1] = by_calls(n);
    } else {
      std::thread other{[&] { results[0] = by_calls(n); }};
      results[1] = by_calls(n);
      other.join();
    }
    if (!verify(state, results[0] == value(n) && results[1] == value(n))) break;
  }
  per_item(state, 2 * spawns(n));
}

void longer(benchmark::internal::Benchmark* row) { sized(row, 35); }  // long beside the start of a thread

BENCHMARK(serial)->Name("fib/calls/serial")->Apply(longer);

}  // namespace
}  // namespace bench::fib
