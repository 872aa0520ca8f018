// The sorts of the standard library, and the same merge sort by plain calls.
#include "bench/mergesort/config.hpp"

namespace bench::mergesort {
namespace {

void std_sort(State& state) {
  measure_sort(state, [](auto& numbers, auto&) { std::sort(numbers.begin(), numbers.end()); });
}
void std_stable_sort(State& state) {
  measure_sort(state, [](auto& numbers, auto&) { std::stable_sort(numbers.begin(), numbers.end()); });
}
void plain_calls(State& state) {
  measure(state, [](auto const& f, auto const& g) {
    f();
    g();
  });
}

BENCHMARK(std_sort)->Name("mergesort/random/serial")->Apply(one_worker);
BENCHMARK(std_stable_sort)->Name("mergesort/random/serial_stable_sort")->Apply(one_worker);
BENCHMARK(plain_calls)->Name("mergesort/random/serial_merge_sort")->Apply(one_worker);

}  // namespace
}  // namespace bench::mergesort
