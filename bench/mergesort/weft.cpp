// mergesort on weft: both halves by parallel_invoke; one of them by spawn.
#include <weft/parallel.hpp>
#include <weft/task.hpp>

#include "bench/mergesort/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::mergesort {
namespace {

void invoke_weft(State& state) {
  on_weft(state.range(0), [&] {
    measure(state, [](auto const& f, auto const& g) { weft::parallel_invoke(f, g); });
  });
}

void spawn_weft(State& state) {
  on_weft(state.range(0), [&] {
    measure(state, [](auto const& f, auto const& g) {
      auto const other = weft::spawn(f);
      g();
      other.get();
    });
  });
}

BENCHMARK(invoke_weft)->Name("mergesort/random/weft")->Apply(one_and_two_workers);
BENCHMARK(spawn_weft)->Name("mergesort/random/weft_spawn")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::mergesort
