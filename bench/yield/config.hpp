#pragma once
// N fibers on one worker that do nothing but yield: the cost of one switch through the ready queue.
#include <chrono>
#include <cstdint>

#include "bench/support/harness.hpp"

namespace bench::yield {

// Shared by the fibers of one run, all on one thread. Timed from the moment when all of them have started.
class relay {
 public:
  relay(int fibers, int rounds) : fibers_{fibers}, rounds_{rounds} {}

  template <class Yield> void run(int id, Yield yield) {
    ++started_;
    while (started_ < fibers_) yield();
    if (begin_ == clock::time_point{}) begin_ = clock::now();
    for (int i = 0; i < rounds_; ++i) {
      last_ = id;
      yield();
      if (last_ == id) ++idle_yields_;
    }
    if (++ended_ == fibers_) end_ = clock::now();
  }

  double seconds() const { return std::chrono::duration<double>(end_ - begin_).count(); }
  // All have ended, and a yield did let another fiber run (but for the last ones, who are alone).
  bool right() const { return ended_ == fibers_ && idle_yields_ <= std::int64_t{rounds_} * fibers_ / 100; }

 private:
  using clock = std::chrono::steady_clock;
  int fibers_, rounds_, started_ = 0, ended_ = 0, last_ = -1;
  std::int64_t idle_yields_ = 0;
  clock::time_point begin_{}, end_{};
};

// run_all(relay, fibers) starts the fibers and joins them.
template <class RunAll> void measure(State& state, RunAll run_all) {
  int const fibers = static_cast<int>(state.range(1));
  int const rounds = 1'000'000 / fibers;
  for (auto _ : state) {
    relay all{fibers, rounds};
    run_all(all, fibers);
    if (!verify(state, all.right())) break;
    state.SetIterationTime(all.seconds());
  }
  per_item(state, std::uint64_t(rounds) * std::uint64_t(fibers));
}

inline void rows(benchmark::internal::Benchmark* row) {
  row->UseManualTime()->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);
  row->ArgNames({"workers", "fibers"})->Args({1, 2})->Args({1, 1000});
}

}  // namespace bench::yield
