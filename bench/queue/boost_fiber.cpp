// buffered_channel of Boost.Fiber. One of its places stays empty and their number is a power of two: it holds capacity or more.
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>

#include <bit>

#include "bench/queue/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::queue {
namespace {

class buffered {
 public:
  explicit buffered(std::size_t capacity) : channel_(std::bit_ceil(capacity + 1)) {}
  void put(std::uint64_t n) { channel_.push(n); }
  std::uint64_t get() { return channel_.value_pop(); }

 private:
  boost::fibers::buffered_channel<std::uint64_t> channel_;
};

void put_and_get(State& state) {
  on_boost_fibers(state.range(0), [&] {
    measure<buffered>(state, [](std::uint64_t n, auto const& side) {
      std::vector<boost::fibers::fiber> all;
      for (std::uint64_t i = 0; i != n; ++i) {
        all.emplace_back(std::allocator_arg, boost_stack(), [&side, i] { side(i); });
      }
      for (auto& f : all) f.join();
    });
  });
}

BENCHMARK(put_and_get)->Name("queue/put_and_get/boost_fiber")->Apply(rows);

}  // namespace
}  // namespace bench::queue
