// nqueens as plain calls: what the rows with one worker are measured against.
#include "bench/nqueens/config.hpp"

namespace bench::nqueens {
namespace {

void serial(State& state) {
  measure(state, [](board b, int) { return count_serially(b); });
}

// Beside both numbers of rows, so that each table of tasks has it.
void one_thread(benchmark::internal::Benchmark* row) {
  row->Apply(timing);
  row->ArgNames({"task_rows", "workers"})->Args({few, 1})->Args({all, 1});
}

BENCHMARK(serial)->Name("nqueens/count/serial")->Apply(one_thread);

}  // namespace
}  // namespace bench::nqueens
