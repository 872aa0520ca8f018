// Values of tasks are destroyed with their last handle, at the latest with the runtime: also of children that were joined
// out of order, whose entries still lay in a queue when the runtime ended.
#include <atomic>

#include "tests/support/shapes.hpp"

namespace {
std::atomic<int> alive{0};
struct counted {
  counted() { ++alive; }
  counted(counted const&) { ++alive; }
  counted& operator=(counted const&) = default;
  ~counted() { --alive; }
};
}  // namespace

TEST_CASE("values of children joined out of order die with the runtime") {
  auto const body = [] {
    auto const first = weft::spawn([] { return counted(); });
    auto const second = weft::spawn([] { return counted(); });
    (void)first.get();
    (void)second.get();
  };
  for (std::uint64_t seed = 0; seed != 100; ++seed) {
    CAPTURE(seed);
    weft::simulation(seed).run(body);
    REQUIRE(alive.load() == 0);
  }
  for (int i = 0; i != 20; ++i) {
    shapes::on_all(body);
    REQUIRE(alive.load() == 0);
  }
}
