// Mutexes of weft.
#include <weft/mutex.hpp>
#include <weft/shared_mutex.hpp>
#include <weft/task.hpp>

#include <vector>

#include "bench/mutex/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::mutex {
namespace {

template <class Mutex> void alone(State& state) {
  on_weft(state.range(0), [&] {
    Mutex m;
    measure_alone(state, m);
  });
}

template <class Mutex> void contended(State& state) {
  on_weft(state.range(0), [&] {
    Mutex m;
    std::vector<weft::task<>> all;
    measure_contended(state, [&](std::uint64_t& held) {
      for (std::uint64_t i = 0; i != tasks; ++i) all.push_back(weft::spawn([&] { lock_often(m, held); }));
      for (auto& t : all) t.get();
      all.clear();
    });
  });
}

BENCHMARK(alone<weft::mutex>)->Name("mutex/alone/weft")->Apply(one_worker);
BENCHMARK(alone<weft::fair_mutex>)->Name("mutex/alone/weft_fair")->Apply(one_worker);
BENCHMARK(alone<weft::shared_mutex>)->Name("mutex/alone/weft_shared")->Apply(one_worker);
BENCHMARK(contended<weft::mutex>)->Name("mutex/eight/weft")->Apply(one_and_two_workers);
BENCHMARK(contended<weft::fair_mutex>)->Name("mutex/eight/weft_fair")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::mutex
