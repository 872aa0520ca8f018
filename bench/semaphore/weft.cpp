// Semaphores of weft.
#include <weft/semaphore.hpp>
#include <weft/task.hpp>

#include "bench/semaphore/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::semaphore {
namespace {

void alone(State& state) {
  on_weft(state.range(0), [&] {
    weft::semaphore s(1);
    measure_alone(state, s);
  });
}

void round_trip(State& state) {
  on_weft(state.range(0), [&] {
    table<weft::semaphore> t;
    auto const other = weft::spawn([&] { t.answer(); });
    measure_round_trip(state, t);
    other.get();
  });
}

BENCHMARK(alone)->Name("semaphore/alone/weft")->Apply(one_worker);
BENCHMARK(round_trip)->Name("semaphore/round_trip/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::semaphore
