// parallel_for and parallel_reduce of oneTBB, with its default partitioner.
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>

#include <functional>

#include "bench/parallel/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::parallel {
namespace {

constexpr auto each = [](std::size_t n, auto f) { tbb::parallel_for(std::size_t{0}, n, f); };

void cheap_tbb(State& state) {
  on_tbb(state.range(0), [&] { cheap(state, each); });
}
void unbalanced_tbb(State& state) {
  on_tbb(state.range(0), [&] { unbalanced(state, each); });
}
void sum_tbb(State& state) {
  on_tbb(state.range(0), [&] {
    sum(state, [](auto const& all) {
      using range = tbb::blocked_range<decltype(all.begin())>;
      return tbb::parallel_reduce(
          range(all.begin(), all.end()), std::uint64_t{0},
          [](range const& r, std::uint64_t s) {
            for (auto const x : r) s += mixed(x);
            return s;
          },
          std::plus<>());
    });
  });
}

BENCHMARK(cheap_tbb)->Name("parallel/cheap/tbb")->Apply(one_and_two_workers);
BENCHMARK(unbalanced_tbb)->Name("parallel/unbalanced/tbb")->Apply(one_and_two_workers);
BENCHMARK(sum_tbb)->Name("parallel/sum/tbb")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::parallel
