#pragma once
// How late timers are: 1000 tasks sleep for 10 to 30 ms again and again, for a second. With nothing else to do, and each
// working after every sleep so that workers are busy for 60 % of the time. The first sleeps end when all tasks have long begun.
#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "bench/support/awake.hpp"
#include "bench/support/burn.hpp"
#include "bench/support/samples.hpp"

namespace bench::timers {

using namespace std::chrono_literals;

inline constexpr int count = 1000;
inline constexpr std::chrono::milliseconds length = 1s, shortest = 10ms, mean = 20ms, beginning = 100ms;

// One task's sleeps; it alone uses it.
class sleeper {
 public:
  sleeper(int i, State const& state)
      : random_(static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15u + 1),
        work_(std::chrono::nanoseconds{mean} * state.range(0) * state.range(1) / 100 / count),
        end_(clock::now() + beginning + length) {
    go_on(clock::now() + beginning);
  }

  clock::time_point due() const { return due_; }
  // After every sleep, with the time as it is then. False: that was the last one.
  bool woke(clock::time_point now) {
    late_.add(now - due_);
    early_ = early_ || now < due_;
    if (due_ >= end_) return false;
    if (work_.count() != 0) burn(work_);
    go_on(clock::now());
    return true;
  }

  samples const& late() const { return late_; }
  bool right() const { return !early_ && due_ >= end_ && late_.size() > 1; }

 private:
  void go_on(clock::time_point from) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    auto const spread = std::chrono::nanoseconds{2 * (mean - shortest)}.count();
    due_ = from + shortest + std::chrono::nanoseconds{static_cast<std::int64_t>(random_ >> 1) % spread};
  }

  std::uint64_t random_;
  std::chrono::nanoseconds work_;
  clock::time_point end_, due_{};
  samples late_{2 * (length / mean)};
  bool early_ = false;
};

// run(sleepers) has every one of them sleep until due() and call woke(), until that is false, and returns then.
template <class Run> void measure(State& state, Run run) {
  awake const cpus;
  for (auto _ : state) {
    std::vector<sleeper> all;
    all.reserve(count);
    for (int i = 0; i < count; ++i) all.emplace_back(i, state);
    run(all);
    if (!verify(state, std::ranges::all_of(all, &sleeper::right))) break;
    samples late;
    for (auto const& one : all) late.add(one.late());
    late.report(state);
  }
}

inline void loads(benchmark::internal::Benchmark* row, std::initializer_list<int> workers) {
  row->Apply(once);
  row->ArgNames({"workers", "load"});
  for (int n : workers) row->Args({n, 0})->Args({n, 60});
}
inline void one_worker_loads(benchmark::internal::Benchmark* row) { loads(row, {1}); }
inline void all_loads(benchmark::internal::Benchmark* row) { loads(row, {1, 2}); }

}  // namespace bench::timers
