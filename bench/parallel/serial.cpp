// The same as plain loops: what an element costs without any library.
#include "bench/parallel/config.hpp"

namespace bench::parallel {
namespace {

constexpr auto each = [](std::size_t n, auto f) {
  for (std::size_t i = 0; i != n; ++i) f(i);
};

void cheap_serial(State& state) { cheap(state, each); }
void unbalanced_serial(State& state) { unbalanced(state, each); }
void sum_serial(State& state) {
  sum(state, [](auto const& all) {
    std::uint64_t s = 0;
    for (auto const x : all) s += mixed(x);
    return s;
  });
}

BENCHMARK(cheap_serial)->Name("parallel/cheap/serial")->Apply(one_worker);
BENCHMARK(unbalanced_serial)->Name("parallel/unbalanced/serial")->Apply(one_worker);
BENCHMARK(sum_serial)->Name("parallel/sum/serial")->Apply(one_worker);

}  // namespace
}  // namespace bench::parallel
