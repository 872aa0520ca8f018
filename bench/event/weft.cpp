// Events of weft.
#include <weft/event.hpp>
#include <weft/task.hpp>

#include "bench/event/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::event {
namespace {

void is_set(State& state) {
  on_weft(state.range(0), [&] {
    weft::event e;
    measure_set(state, e);
  });
}

void round_trip(State& state) {
  on_weft(state.range(0), [&] {
    table<weft::event> t;
    auto const other = weft::spawn([&] { t.answer(); });
    measure_round_trip(state, t);
    other.get();
  });
}

BENCHMARK(is_set)->Name("event/is_set/weft")->Apply(one_worker);
BENCHMARK(round_trip)->Name("event/round_trip/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::event
