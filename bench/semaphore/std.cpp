// std::counting_semaphore, and two threads.
#include <semaphore>
#include <thread>

#include "bench/semaphore/config.hpp"

namespace bench::semaphore {
namespace {

void alone(State& state) {
  std::counting_semaphore<> s(1);
  measure_alone(state, s);
}

void threads(State& state) {
  table<std::counting_semaphore<>> t;
  std::thread other{[&] { t.answer(); }};
  measure_round_trip(state, t);
  other.join();
}

BENCHMARK(alone)->Name("semaphore/alone/std")->Apply(one_worker);
BENCHMARK(threads)->Name("semaphore/round_trip/std_threads")->Apply(timing);

}  // namespace
}  // namespace bench::semaphore
