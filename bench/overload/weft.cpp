// A task of weft for every request: spawned by a plain thread, and by a task, as an accept loop would.
#include <weft/task.hpp>

#include "bench/overload/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::overload {
namespace {

void posted_weft(State& state) {
  weft::runtime runtime{with_workers(state.range(0))};
  measure_posted(state, [&](auto f) { runtime.spawn(f).detach(); });
}

void accepted_weft(State& state) {
  weft::runtime runtime{with_workers(state.range(0))};
  measure(state, [&](traffic& all) {
    runtime.spawn([&all] {
      all.arrive([](auto t) { weft::this_task::sleep_until(t); },
                 [&](std::size_t i) { weft::spawn([&all, i] { all.handle(i); }).detach(); });
    }).wait();
  });
}

BENCHMARK(posted_weft)->Name("overload/posted/weft")->Apply(one_and_two_workers)->Apply(once);
BENCHMARK(accepted_weft)->Name("overload/accepted/weft")->Apply(one_and_two_workers)->Apply(once);

}  // namespace
}  // namespace bench::overload
