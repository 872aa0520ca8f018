// What a user of weft::tbb writes.
#include <weft/tbb.hpp>
#include <weft/weft.hpp>

#include <atomic>
#include <cstdlib>

#include <oneapi/tbb/parallel_for.h>

int main() {
  bool const right = weft::run([] {
    auto& rt = *weft::runtime::current();
    std::atomic<int> sum{0};
    weft::run_in_arena([&] {
      tbb::parallel_for(0, 100, [&](int i) {
        auto t = rt.spawn([i] { return i; });
        weft::wait_in_arena(t);
        sum += t.get();
      });
    }).get();
    return sum == 4950;
  });
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
