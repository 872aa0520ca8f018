// yield on weft.
#include <weft/task.hpp>
#include <weft/trace.hpp>

#include <vector>

#include "bench/support/on_weft.hpp"
#include "bench/yield/config.hpp"

namespace bench::yield {
namespace {

void run_all(relay& all, int fibers) {
  std::vector<weft::scoped_task<void>> tasks;
  for (int id = 0; id < fibers; ++id) {
    tasks.push_back(weft::fork([&all, id] { all.run(id, [] { weft::this_task::yield(); }); }));
  }
  for (auto& task : tasks) task.get();
}

void yield_weft(State& state) {
  on_weft(state.range(0), [&] { measure(state, run_all); });
}

// With the flight recorder on: one record each.
void yield_traced_weft(State& state) {
  weft::trace::record(true);
  yield_weft(state);
  weft::trace::record(false);
}

BENCHMARK(yield_weft)->Name("yield/all/weft")->Apply(rows);
BENCHMARK(yield_traced_weft)->Name("yield/all/weft_traced")->Apply(rows);

}  // namespace
}  // namespace bench::yield
