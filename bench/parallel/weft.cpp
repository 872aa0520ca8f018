// parallel_for and parallel_reduce of weft.
#include <weft/parallel.hpp>

#include <functional>

#include "bench/parallel/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::parallel {
namespace {

constexpr auto each = [](std::size_t n, auto f) { weft::parallel_for(std::size_t{0}, n, f); };

void cheap_weft(State& state) {
  on_weft(state.range(0), [&] { cheap(state, each); });
}
void unbalanced_weft(State& state) {
  on_weft(state.range(0), [&] { unbalanced(state, each); });
}
void sum_weft(State& state) {
  on_weft(state.range(0), [&] {
    sum(state, [](auto const& all) { return weft::parallel_reduce(all.begin(), all.end(), std::uint64_t{0}, [](auto x) { return mixed(x); }, std::plus<>()); });
  });
}

BENCHMARK(cheap_weft)->Name("parallel/cheap/weft")->Apply(one_and_two_workers);
BENCHMARK(unbalanced_weft)->Name("parallel/unbalanced/weft")->Apply(one_and_two_workers);
BENCHMARK(sum_weft)->Name("parallel/sum/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::parallel
