// A condition of weft between two tasks.
#include <weft/condition_variable.hpp>
#include <weft/mutex.hpp>
#include <weft/task.hpp>

#include "bench/condition/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::condition {
namespace {

void weft_tasks(State& state) {
  on_weft(state.range(0), [&] {
    table<weft::mutex, weft::condition_variable> t;
    auto const other = weft::spawn([&] { t.answer(); });
    measure(state, t);
    other.get();
  });
}

BENCHMARK(weft_tasks)->Name("condition/round_trip/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::condition
