// std::condition_variable between two threads.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bench/condition/config.hpp"

namespace bench::condition {
namespace {

void threads(State& state) {
  table<std::mutex, std::condition_variable> t;
  std::thread other{[&] { t.answer(); }};
  measure(state, t);
  other.join();
}

BENCHMARK(threads)->Name("condition/round_trip/std_threads")->Apply(timing);

}  // namespace
}  // namespace bench::condition
