// Promises on weft.
#include <weft/future.hpp>
#include <weft/task.hpp>

#include "bench/promise/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::promise {
namespace {

void same_task(State& state) {
  on_weft(state.range(0), [&] {
    measure_same_task(state, [](std::uint64_t i) {
      weft::promise<std::uint64_t> promise;
      auto future = promise.get_future();
      promise.set_value(i);
      return future.get();
    });
  });
}

void ping_pong(State& state) {
  on_weft(state.range(0), [&] {
    measure_ping_pong<weft::promise>(state, [](auto f, auto g) {
      auto other = weft::fork(f);
      g();
      other.get();
    });
  });
}

BENCHMARK(same_task)->Name("promise/same_task/weft")->Apply(one_worker);
BENCHMARK(ping_pong)->Name("promise/ping_pong/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::promise
