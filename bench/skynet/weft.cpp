// skynet on weft: ten handles of spawn; ten callables of one parallel_invoke, which has no handles.
#include <weft/parallel.hpp>
#include <weft/task.hpp>

#include <array>
#include <numeric>
#include <utility>

#include "bench/skynet/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::skynet {
namespace {

std::uint64_t by_spawn(subtree t) {
  if (t.leaf()) return t.first;
  std::array<weft::task<std::uint64_t>, fan_out> children;
  for (std::uint64_t i = 0; i != fan_out; ++i) {
    children[i] = weft::spawn([child = t.child(i)] { return by_spawn(child); });
  }
  std::uint64_t sum = 0;
  for (auto& child : children) sum += child.get();
  return sum;
}

std::uint64_t by_parallel_invoke(subtree t) {
  if (t.leaf()) return t.first;
  std::array<std::uint64_t, fan_out> sums{};
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    weft::parallel_invoke([&sums, t] { sums[I] = by_parallel_invoke(t.child(I)); }...);
  }(std::make_index_sequence<fan_out>());
  return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

void spawn_weft(State& state) {
  on_weft(state.range(1), [&] { measure(state, by_spawn); });
}
void invoke_weft(State& state) {
  on_weft(state.range(1), [&] { measure(state, by_parallel_invoke); });
}

BENCHMARK(spawn_weft)->Name("skynet/tree/weft")->Apply(large_and_small);
BENCHMARK(invoke_weft)->Name("skynet/tree/weft_invoke")->Apply(large_only);

}  // namespace
}  // namespace bench::skynet
