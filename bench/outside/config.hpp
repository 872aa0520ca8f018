#pragma once
// What happens at a runtime's edge: tasks that plain threads spawn, calls that leave the workers, start and stop.
#include <atomic>
#include <thread>
#include <vector>

#include "bench/support/process.hpp"
#include "bench/support/samples.hpp"

namespace bench::outside {

inline constexpr std::uint64_t batch = 1000;

// post(f) from a plain thread. Only the posting is timed, not what it sets off, though workers run meanwhile.
template <class Post> void measure_spawn(State& state, Post post) {
  for (auto _ : state) {
    std::atomic<std::uint64_t> ran{0};
    auto const begin = clock::now();
    for (std::uint64_t i = 0; i < batch; ++i) post([&ran] { ran.fetch_add(1, std::memory_order_release); });
    state.SetIterationTime(std::chrono::duration<double>(clock::now() - begin).count());
    auto const give_up = clock::now() + std::chrono::seconds{10};
    while (ran.load(std::memory_order_acquire) != batch && clock::now() < give_up) std::this_thread::yield();
    if (!verify(state, ran == batch)) break;
  }
  per_item(state, batch);
}

// call(i) has another thread compute i + 1 and returns that. Switches: times that any thread went to sleep, per call.
template <class Call> void measure_blocking(State& state, Call call) {
  std::uint64_t i = 0;
  auto const before = voluntary_switches();
  for (auto _ : state) {
    if (call(i) != i + 1) [[unlikely]] {
      verify(state, false);
      break;
    }
    ++i;
  }
  if (i != 0) state.counters["switches"] = (voluntary_switches() - before) / static_cast<double>(i);
  per_item(state, 1);
}

// whole_life(ran) starts a runtime, has a task of it set `ran`, and stops it. Without the task a library that starts its
// threads when they are needed would have nothing to do.
template <class WholeLife> void measure_start_stop(State& state, WholeLife whole_life) {
  for (auto _ : state) {
    std::atomic<bool> ran{false};
    whole_life(ran);
    if (!verify(state, ran)) break;
  }
  per_item(state, 1);
}

inline void manual_timing(benchmark::internal::Benchmark* row) {
  row->UseManualTime()->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);
  row->ArgName("workers")->Arg(1)->Arg(2);
}

}  // namespace bench::outside
