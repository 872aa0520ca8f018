// Promises of the standard library, between threads. Not on the first thread: with only that one in the
// process libstdc++ leaves out its atomic operations.
#include <future>
#include <thread>

#include "bench/promise/config.hpp"

namespace bench::promise {
namespace {

void same_task(State& state) {
  std::thread{[&] {
    measure_same_task(state, [](std::uint64_t i) {
      std::promise<std::uint64_t> promise;
      auto future = promise.get_future();
      promise.set_value(i);
      return future.get();
    });
  }}.join();
}

void ping_pong(State& state) {
  measure_ping_pong<std::promise>(state, [](auto f, auto g) {
    std::thread other{f};
    g();
    other.join();
  });
}

void two_threads(benchmark::internal::Benchmark* row) {
  row->Apply(timing);
  row->ArgName("workers")->Arg(2);
}

BENCHMARK(same_task)->Name("promise/same_task/std")->Apply(one_worker);
BENCHMARK(ping_pong)->Name("promise/ping_pong/std")->Apply(two_threads);

}  // namespace
}  // namespace bench::promise
