// What a futex wake costs: a plain thread that waits for an atomic, and one that waits for a std::promise.
#include <functional>
#include <future>
#include <thread>

#include "bench/wakeup/config.hpp"

namespace bench::wakeup {
namespace {

// One thread, one job at a time.
class waiting_thread {
 public:
  ~waiting_thread() {
    run({});
    thread_.join();
  }
  // Whoever calls it again has seen the job before done.
  void run(std::function<void()> job) {
    while (posted_.load(std::memory_order_acquire)) std::this_thread::yield();
    job_ = std::move(job);
    posted_.store(true, std::memory_order_release);
    posted_.notify_one();
  }

 private:
  void serve() {
    for (;;) {
      posted_.wait(false, std::memory_order_acquire);
      auto const job = std::move(job_);
      posted_.store(false, std::memory_order_release);
      if (!job) return;
      job();
    }
  }

  std::atomic<bool> posted_{false};
  std::function<void()> job_;
  std::thread thread_{[this] { serve(); }};
};

void spawn_std(State& state) {
  waiting_thread thread;
  measure(state, [&](moment& m) { return [&] { thread.run([&m] { m.now(); }); }; });
}

void resume_std(State& state) {
  waiting_thread thread;
  measure(state, [&](moment& m) {
    std::promise<void> promise;
    thread.run([&m, set = promise.get_future().share()] {
      set.wait();
      m.now();
    });
    return [promise = std::move(promise)]() mutable { promise.set_value(); };
  });
}

BENCHMARK(spawn_std)->Name("wakeup/spawn/std")->Apply(one_worker)->Apply(once);
BENCHMARK(resume_std)->Name("wakeup/resume/std")->Apply(one_worker)->Apply(once);

}  // namespace
}  // namespace bench::wakeup
