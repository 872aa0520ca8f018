// Scopes of children on oneTBB: a task_group, whose wait() throws the first error.
#include <oneapi/tbb/task_group.h>

#include "bench/group/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::group {
namespace {

void clean(State& state) {
  on_tbb(state.range(0), [&] {
    measure(state, [](std::uint32_t stamp) {
      tbb::task_group group;
      for (std::size_t i = 0; i < many; ++i) group.run([i, stamp] { child(i, stamp); });
      group.wait();
    });
  });
}

void failing(State& state) {
  on_tbb(state.range(0), [&] {
    measure_failing(state, [](std::uint32_t stamp) {
      tbb::task_group group;
      for (std::size_t i = 0; i < many; ++i) group.run([i, stamp] { failing_child(i, stamp); });
      try {
        group.wait();
      } catch (std::runtime_error const&) {
        return true;
      }
      return false;
    });
  });
}

BENCHMARK(clean)->Name("group/thousand/tbb")->Apply(one_and_two_workers);
BENCHMARK(failing)->Name("group/with_failure/tbb")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::group
