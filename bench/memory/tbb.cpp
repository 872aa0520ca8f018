// Memory of tasks on oneTBB: those not yet started (it has no suspended ones to compare).
#include <oneapi/tbb/task_group.h>

#include "bench/memory/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::memory {
namespace {

figures unstarted(std::size_t count) {
  figures result;
  on_tbb(1, [&] {
    std::size_t ran = 0;
    tbb::task_group group;
    footprint const before;
    for (std::size_t i = 0; i < count; ++i) group.run([&ran] { ++ran; });
    result = per_task(before, footprint{}, count);
    require(ran == 0);
    group.wait();
    require(ran == count);
  });
  return result;
}

bool const added = add_row("unstarted/tbb", unstarted, {100'000, 1'000'000});

}  // namespace
}  // namespace bench::memory
