// The edge of oneTBB's scheduler.
#include <oneapi/tbb/global_control.h>

#include <future>

#include "bench/outside/config.hpp"
#include "bench/support/tbb_pool.hpp"

namespace bench::outside {
namespace {

void spawn_tbb(State& state) {
  tbb_pool pool{state.range(0)};
  measure_spawn(state, [&](auto f) { pool.post(f); });
}

// Its threads outlive arenas; finalize waits for their end.
void start_stop_tbb(State& state) {
  bool stopped = true;
  measure_start_stop(state, [&](auto& ran) {
    tbb::task_scheduler_handle scheduler{tbb::attach{}};
    {
      tbb_pool pool{state.range(0)};
      std::promise<void> done;
      auto const ended = done.get_future();
      pool.post([&] {
        ran = true;
        done.set_value();
      });
      ended.wait();
    }
    stopped = tbb::finalize(scheduler, std::nothrow) && stopped;
  });
  verify(state, stopped);
}

BENCHMARK(spawn_tbb)->Name("outside/spawn/tbb")->Apply(manual_timing);
BENCHMARK(start_stop_tbb)->Name("outside/start_stop/tbb")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::outside
