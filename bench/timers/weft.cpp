// Tasks of weft that sleep.
#include <weft/task.hpp>

#include <vector>

#include "bench/support/on_weft.hpp"
#include "bench/timers/config.hpp"

namespace bench::timers {
namespace {

void run_all(std::vector<sleeper>& all) {
  std::vector<weft::scoped_task<>> tasks;
  tasks.reserve(all.size());
  for (auto& one : all) {
    tasks.push_back(weft::fork([&one] {
      do {
        weft::this_task::sleep_until(one.due());
      } while (one.woke(clock::now()));
    }));
  }
  for (auto& task : tasks) task.get();
}

void sleep_weft(State& state) {
  on_weft(state.range(0), [&] { measure(state, run_all); });
}

BENCHMARK(sleep_weft)->Name("timers/late/weft")->Apply(all_loads);

}  // namespace
}  // namespace bench::timers
