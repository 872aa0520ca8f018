// Sleepers on weft.
#include <weft/task.hpp>

#include <vector>

#include "bench/sleepers/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::sleepers {
namespace {

void run_all(log& all) {
  std::vector<weft::scoped_task<void>> tasks;
  tasks.reserve(static_cast<std::size_t>(all.count()));
  for (int i = 0; i < all.count(); ++i) {
    tasks.push_back(
        weft::fork([&all, i] { all.sleep(i, [](auto time) { weft::this_task::sleep_for(time); }); }));
  }
  for (auto& task : tasks) task.get();
}

template <int Count> void sleepers_weft(State& state) {
  on_weft(state.range(0), [&] { measure(state, Count, run_all); });
}

BENCHMARK(sleepers_weft<many>)->Name("sleepers/100k/weft")->Apply(one_and_two_workers)->Apply(once);
BENCHMARK(sleepers_weft<million>)->Name("sleepers/1m/weft")->Apply(one_worker)->Apply(once);

}  // namespace
}  // namespace bench::sleepers
