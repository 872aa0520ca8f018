// concurrent_bounded_queue of oneTBB, whose put and get block: a thread each, whatever `workers` says (run once, as 2).
#include <oneapi/tbb/concurrent_queue.h>

#include <thread>

#include "bench/queue/config.hpp"

namespace bench::queue {
namespace {

class bounded {
 public:
  explicit bounded(std::size_t capacity) { queue_.set_capacity(static_cast<std::ptrdiff_t>(capacity)); }
  void put(std::uint64_t n) { queue_.push(n); }
  std::uint64_t get() {
    std::uint64_t n = 0;
    queue_.pop(n);
    return n;
  }

 private:
  tbb::concurrent_bounded_queue<std::uint64_t> queue_;
};

void put_and_get(State& state) {
  measure<bounded>(state, [](std::uint64_t n, auto const& side) {
    std::vector<std::thread> all;
    for (std::uint64_t i = 0; i != n; ++i) all.emplace_back([&side, i] { side(i); });
    for (auto& t : all) t.join();
  });
}

BENCHMARK(put_and_get)
    ->Name("queue/put_and_get/tbb")
    ->Apply(timing)
    ->ArgNames({"workers", "pairs", "capacity"})
    ->ArgsProduct({{2}, {1, 4}, {1, 16, 1024}});

}  // namespace
}  // namespace bench::queue
