// spawn + join by std::async: a thread of its own for each task, only one of them at a time.
#include <future>

#include "bench/spawn_join/config.hpp"

namespace bench::spawn_join {
namespace {

void one_async(State& state) {
  measure_one(state, [](std::uint32_t stamp) {
    std::async(std::launch::async, [stamp] { slots[0] = stamp; }).get();
  });
}

BENCHMARK(one_async)->Name("spawn_join/one/std_async")->Apply(one_worker);

}  // namespace
}  // namespace bench::spawn_join
