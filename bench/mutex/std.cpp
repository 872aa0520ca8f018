// std::mutex: alone on a second thread (so that it is locked in earnest), and eight threads on all CPUs.
#include <mutex>
#include <thread>
#include <vector>

#include "bench/mutex/config.hpp"

namespace bench::mutex {
namespace {

void alone(State& state) {
  std::thread{[&] {
    std::mutex m;
    measure_alone(state, m);
  }}.join();
}

void contended(State& state) {
  std::mutex m;
  measure_contended(state, [&](std::uint64_t& held) {
    std::vector<std::thread> all;
    for (std::uint64_t i = 0; i != tasks; ++i) all.emplace_back([&] { lock_often(m, held); });
    for (auto& t : all) t.join();
  });
}

BENCHMARK(alone)->Name("mutex/alone/std")->Apply(one_worker);
BENCHMARK(contended)->Name("mutex/eight/std_threads")->Apply(timing);

}  // namespace
}  // namespace bench::mutex
