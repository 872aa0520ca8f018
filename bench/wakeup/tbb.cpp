// Waking a worker of oneTBB.
#include "bench/support/tbb_pool.hpp"
#include "bench/wakeup/config.hpp"

namespace bench::wakeup {
namespace {

void spawn_tbb(State& state) {
  tbb_pool pool{state.range(0)};
  measure(state, [&](moment& m) { return [&] { pool.post([&m] { m.now(); }); }; });
}

BENCHMARK(spawn_tbb)->Name("wakeup/spawn/tbb")->Apply(one_and_two_workers)->Apply(once);

}  // namespace
}  // namespace bench::wakeup
