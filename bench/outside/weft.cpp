// The edge of weft's runtime.
#include <weft/blocking.hpp>
#include <weft/runtime.hpp>

#include "bench/outside/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::outside {
namespace {

void spawn_weft(State& state) {
  weft::runtime runtime{with_workers(state.range(0))};
  measure_spawn(state, [&](auto f) { runtime.spawn(f).detach(); });
}

void blocking_weft(State& state) {
  on_weft(state.range(0), [&] {
    measure_blocking(state, [](std::uint64_t i) { return weft::run_blocking([i] { return i + 1; }).get(); });
  });
}

void start_stop_weft(State& state) {
  measure_start_stop(state, [&](auto& ran) { on_weft(state.range(0), [&] { ran = true; }); });
}

BENCHMARK(spawn_weft)->Name("outside/spawn/weft")->Apply(manual_timing);
BENCHMARK(blocking_weft)->Name("outside/blocking/weft")->Apply(one_and_two_workers);
BENCHMARK(start_stop_weft)->Name("outside/start_stop/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::outside
