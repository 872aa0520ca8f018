// spawn + join on oneTBB: run and wait of one task_group, made once.
#include <oneapi/tbb/task_group.h>

#include "bench/spawn_join/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::spawn_join {
namespace {

void one_tbb(State& state) {
  on_tbb(state.range(0), [&] {
    tbb::task_group group;
    measure_one(state, [&](std::uint32_t stamp) {
      group.run([stamp] { slots[0] = stamp; });
      group.wait();
    });
  });
}

void many_tbb(State& state) {
  on_tbb(state.range(0), [&] {
    tbb::task_group group;
    measure_many(state, [&](std::uint32_t stamp) {
      for (std::size_t i = 0; i < many; ++i) group.run([i, stamp] { slots[i] = stamp; });
      group.wait();
    });
  });
}

BENCHMARK(one_tbb)->Name("spawn_join/one/tbb")->Apply(one_and_two_workers);
BENCHMARK(many_tbb)->Name("spawn_join/thousand/tbb")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::spawn_join
