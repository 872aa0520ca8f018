// skynet on oneTBB: a task_group for each inner task; parallel_invoke with ten callables.
#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/task_group.h>

#include <array>
#include <numeric>
#include <utility>

#include "bench/skynet/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::skynet {
namespace {

std::uint64_t by_task_group(subtree t) {
  if (t.leaf()) return t.first;
  std::array<std::uint64_t, fan_out> sums{};
  tbb::task_group group;
  for (std::uint64_t i = 0; i != fan_out; ++i) group.run([&sums, t, i] { sums[i] = by_task_group(t.child(i)); });
  group.wait();
  return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

std::uint64_t by_parallel_invoke(subtree t) {
  if (t.leaf()) return t.first;
  std::array<std::uint64_t, fan_out> sums{};
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    tbb::parallel_invoke([&sums, t] { sums[I] = by_parallel_invoke(t.child(I)); }...);
  }(std::make_index_sequence<fan_out>());
  return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

void group_tbb(State& state) {
  on_tbb(state.range(1), [&] { measure(state, by_task_group); });
}
void invoke_tbb(State& state) {
  on_tbb(state.range(1), [&] { measure(state, by_parallel_invoke); });
}

BENCHMARK(group_tbb)->Name("skynet/tree/tbb")->Apply(large_only);
BENCHMARK(invoke_tbb)->Name("skynet/tree/tbb_invoke")->Apply(large_only);

}  // namespace
}  // namespace bench::skynet
