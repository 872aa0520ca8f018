// Idle tasks on weft.
#include <weft/future.hpp>
#include <weft/task.hpp>

#include <vector>

#include "bench/idle/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::idle {
namespace {

void idle_weft(State& state) {
  for (auto _ : state) {
    weft::runtime runtime{with_workers(state.range(0))};
    static std::atomic<int> waiting;
    waiting = 0;
    weft::promise<> gate;
    std::vector<weft::task<>> tasks;
    for (int i = 0; i < count; ++i) {
      tasks.push_back(runtime.spawn([opened = gate.get_future()] {
        ++waiting;
        opened.wait();
        --waiting;
      }));
    }
    measure(state, waiting);
    bool const all_waited = waiting == count;
    gate.set_value();
    for (auto& task : tasks) task.get();
    verify(state, all_waited && waiting == 0);
  }
}

BENCHMARK(idle_weft)->Name("idle/10k/weft")->Apply(one_and_two_workers)->Apply(once);

}  // namespace
}  // namespace bench::idle
