// mergesort by parallel_invoke of oneTBB, and its own parallel_sort (a quicksort).
#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/parallel_sort.h>

#include "bench/mergesort/config.hpp"
#include "bench/support/on_tbb.hpp"

namespace bench::mergesort {
namespace {

void invoke_tbb(State& state) {
  on_tbb(state.range(0), [&] {
    measure(state, [](auto const& f, auto const& g) { tbb::parallel_invoke(f, g); });
  });
}

void parallel_sort_tbb(State& state) {
  on_tbb(state.range(0), [&] {
    measure_sort(state, [](auto& numbers, auto&) { tbb::parallel_sort(numbers.begin(), numbers.end()); });
  });
}

BENCHMARK(invoke_tbb)->Name("mergesort/random/tbb")->Apply(one_and_two_workers);
BENCHMARK(parallel_sort_tbb)->Name("mergesort/random/tbb_parallel_sort")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::mergesort
