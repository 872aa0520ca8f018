// More workers than CPUs on weft.
#include <atomic>

#include <weft/channel.hpp>
#include <weft/metrics.hpp>
#include <weft/task.hpp>
#include <weft/task_group.hpp>

#include "bench/fib/weft.hpp"
#include "bench/scaling/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::scaling {
namespace {

// Counts what others have taken, too.
template <class Measure> void with_steals(State& state, std::uint64_t items, Measure measure) {
  weft::runtime runtime{with_workers(state.range(0))};
  runtime.run(measure);
  state.counters["steals"] = static_cast<double>(runtime.metrics().steals) * 1000 /
                             (static_cast<double>(state.iterations()) * static_cast<double>(items));
}

void tree_weft(State& state) {
  with_steals(state, fib::spawns(tree), [&] { measure_tree(state, fib::by_spawn); });
}

std::uint64_t play() {
  weft::channel<std::uint64_t> there, back;
  auto other = weft::fork([&] {
    for (auto const v : there) back.send(v + 1);
  });
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i != rounds; ++i) {
    there.send(i);
    sum += *back.receive();
  }
  there.close();
  other.get();
  return sum;
}

void pairs_weft(State& state) {
  with_steals(state, pairs * rounds, [&] {
    for (auto _ : state) {
      std::atomic<int> right{0};
      weft::with_group([&](weft::task_group& g) {
        for (int i = 0; i != pairs; ++i) {
          g.spawn([&right] {
            if (play() == rounds * (rounds + 1) / 2) ++right;
          });
        }
      });
      if (!verify(state, right == pairs)) break;
    }
    per_item(state, pairs * rounds);
  });
}

BENCHMARK(tree_weft)->Name("scaling/tree/weft")->Apply(two_to_many_workers);
BENCHMARK(pairs_weft)->Name("scaling/pairs/weft")->Apply(two_to_many_workers);

}  // namespace
}  // namespace bench::scaling
