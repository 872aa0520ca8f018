// queue on weft.
#include <weft/queue.hpp>
#include <weft/task.hpp>

#include "bench/queue/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::queue {
namespace {

void put_and_get(State& state) {
  on_weft(state.range(0), [&] {
    measure<weft::queue<std::uint64_t>>(state, [](std::uint64_t n, auto const& side) {
      std::vector<weft::scoped_task<void>> all;
      for (std::uint64_t i = 0; i != n; ++i) all.push_back(weft::fork([&side, i] { side(i); }));
      for (auto& t : all) t.get();
    });
  });
}

BENCHMARK(put_and_get)->Name("queue/put_and_get/weft")->Apply(rows);

}  // namespace
}  // namespace bench::queue
