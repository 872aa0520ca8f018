// Beside it: a std::jthread that waits for a condition is asked to stop.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bench/cancel/config.hpp"
#include "bench/support/asleep.hpp"

namespace bench::cancel {
namespace {

clock::duration stop_one() {
  std::mutex mutex;
  std::condition_variable_any never;
  bool stopped = false;
  std::jthread waiter{[&](std::stop_token stop) {
    std::unique_lock lock{mutex};
    never.wait(lock, stop, [] { return false; });
    stopped = stop.stop_requested();
  }};
  bool const waits = others_sleep();
  auto const begin = clock::now();
  waiter.request_stop();
  waiter.join();
  auto const time = clock::now() - begin;
  return waits && stopped ? time : clock::duration{-1};
}

void stop(State& state) { measure(state, stop_one); }

BENCHMARK(stop)->Name("cancel/condition/std")->Apply(one_worker)->Apply(once);

}  // namespace
}  // namespace bench::cancel
