// The same with plain threads: a queue that they serve; two futex wakes, to a waiting thread and back; std::async, a new
// thread for every call; as many threads started and joined.
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/outside/config.hpp"
#include "bench/support/fifo_pool.hpp"

namespace bench::outside {
namespace {

void spawn_fifo(State& state) {
  fifo_pool pool{state.range(0)};
  measure_spawn(state, [&](auto f) { pool.post(f); });
}

// A thread that computes for another. Neither spins before it sleeps.
class server {
 public:
  ~server() {
    hand_over(asked, 0, true);
    thread_.join();
  }
  std::uint64_t call(std::uint64_t i) {
    hand_over(asked, i, false);
    return wait_for(answered);
  }

 private:
  enum turn { nobody, asked, answered };

  void hand_over(turn to, std::uint64_t value, bool ended) {
    {
      std::lock_guard const lock{mutex_};
      turn_ = to;
      value_ = value;
      ended_ = ended;
    }
    changed_[to].notify_one();
  }
  std::uint64_t wait_for(turn mine) {
    std::unique_lock lock{mutex_};
    changed_[mine].wait(lock, [&] { return turn_ == mine; });
    turn_ = nobody;
    return value_;
  }
  void serve() {
    for (;;) {
      auto const i = wait_for(asked);
      if (ended_) return;  // written before the turn was handed over
      hand_over(answered, i + 1, false);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_[3];
  turn turn_ = nobody;
  std::uint64_t value_ = 0;
  bool ended_ = false;
  std::thread thread_{[this] { serve(); }};
};

void blocking_std(State& state) {
  server other;
  measure_blocking(state, [&](std::uint64_t i) { return other.call(i); });
}

void blocking_async(State& state) {
  measure_blocking(state, [](std::uint64_t i) { return std::async(std::launch::async, [i] { return i + 1; }).get(); });
}

void start_stop_std(State& state) {
  measure_start_stop(state, [&](auto& ran) {
    std::vector<std::thread> threads;
    for (std::int64_t i = 0; i < state.range(0); ++i) threads.emplace_back([&] { ran = true; });
    for (auto& thread : threads) thread.join();
  });
}

BENCHMARK(spawn_fifo)->Name("outside/spawn/fifo")->Apply(manual_timing);
BENCHMARK(blocking_std)->Name("outside/blocking/std")->Apply(one_worker);
BENCHMARK(blocking_async)->Name("outside/blocking/std_async")->Apply(one_worker);
BENCHMARK(start_stop_std)->Name("outside/start_stop/std")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::outside
