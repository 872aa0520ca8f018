// Boost.Fiber's mutex.
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>

#include <vector>

#include "bench/mutex/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::mutex {
namespace {

void alone(State& state) {
  on_boost_fibers(state.range(0), [&] {
    boost::fibers::mutex m;
    measure_alone(state, m);
  });
}

void contended(State& state) {
  on_boost_fibers(state.range(0), [&] {
    boost::fibers::mutex m;
    std::vector<boost::fibers::fiber> all;
    measure_contended(state, [&](std::uint64_t& held) {
      for (std::uint64_t i = 0; i != tasks; ++i) {
        all.emplace_back(std::allocator_arg, boost_stack(), [&] { lock_often(m, held); });
      }
      for (auto& f : all) f.join();
      all.clear();
    });
  });
}

BENCHMARK(alone)->Name("mutex/alone/boost_fiber")->Apply(one_worker);
BENCHMARK(contended)->Name("mutex/eight/boost_fiber")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::mutex
