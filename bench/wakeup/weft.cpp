// Waking a worker of weft: by a new task, and by the promise that a task waits for.
#include <weft/future.hpp>

#include <utility>

#include "bench/support/on_weft.hpp"
#include "bench/wakeup/config.hpp"

namespace bench::wakeup {
namespace {

void spawn_weft(State& state) {
  weft::runtime runtime{with_workers(state.range(0))};
  measure(state, [&](moment& m) { return [&] { runtime.spawn([&m] { m.now(); }).detach(); }; });
}

void resume_weft(State& state) {
  weft::runtime runtime{with_workers(state.range(0))};
  measure(state, [&](moment& m) {
    weft::promise<> promise;
    runtime.spawn([&m, set = promise.get_future()] {
      set.wait();
      m.now();
    }).detach();
    return [promise = std::move(promise)]() mutable { promise.set_value(); };
  });
}

BENCHMARK(spawn_weft)->Name("wakeup/spawn/weft")->Apply(one_and_two_workers)->Apply(once);
BENCHMARK(resume_weft)->Name("wakeup/resume/weft")->Apply(one_and_two_workers)->Apply(once);

}  // namespace
}  // namespace bench::wakeup
