// spawn + join on weft.
#include <weft/task.hpp>

#include <vector>

#include "bench/spawn_join/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::spawn_join {
namespace {

void one_weft(State& state) {
  on_weft(state.range(0), [&] {
    measure_one(state, [](std::uint32_t stamp) { weft::spawn([stamp] { slots[0] = stamp; }).get(); });
  });
}

void fork_one_weft(State& state) {
  on_weft(state.range(0), [&] {
    measure_one(state, [](std::uint32_t stamp) { weft::fork([stamp] { slots[0] = stamp; }).get(); });
  });
}

void many_weft(State& state) {
  on_weft(state.range(0), [&] {
    std::vector<weft::task<>> tasks;
    tasks.reserve(many);
    measure_many(state, [&](std::uint32_t stamp) {
      for (std::size_t i = 0; i < many; ++i) tasks.push_back(weft::spawn([i, stamp] { slots[i] = stamp; }));
      for (auto& task : tasks) task.get();
      tasks.clear();
    });
  });
}

BENCHMARK(one_weft)->Name("spawn_join/one/weft")->Apply(one_and_two_workers);
BENCHMARK(fork_one_weft)->Name("spawn_join/one/weft_fork")->Apply(one_and_two_workers);
BENCHMARK(many_weft)->Name("spawn_join/thousand/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::spawn_join
