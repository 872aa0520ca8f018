// Scopes of children on weft.
#include <weft/task_group.hpp>

#include "bench/group/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::group {
namespace {

void clean(State& state) {
  on_weft(state.range(0), [&] {
    measure(state, [](std::uint32_t stamp) {
      weft::with_group([stamp](weft::task_group& g) {
        for (std::size_t i = 0; i < many; ++i) g.spawn([i, stamp] { child(i, stamp); });
      });
    });
  });
}

void failing(State& state) {
  on_weft(state.range(0), [&] {
    measure_failing(state, [](std::uint32_t stamp) {
      try {
        weft::with_group([stamp](weft::task_group& g) {
          for (std::size_t i = 0; i < many; ++i) g.spawn([i, stamp] { failing_child(i, stamp); });
        });
      } catch (weft::exception_group const& e) {
        return e.failures().size() == 1;
      }
      return false;
    });
  });
}

BENCHMARK(clean)->Name("group/thousand/weft")->Apply(one_and_two_workers);
BENCHMARK(failing)->Name("group/with_failure/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::group
