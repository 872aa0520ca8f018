#pragma once
// scheduler: the workers of one runtime, what they share, and how they start and stop.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "scheduler/crew.hpp"
#include "scheduler/idle.hpp"
#include "scheduler/idle_driver.hpp"
#include "scheduler/inject_queue.hpp"
#include "scheduler/thread_setting.hpp"
#include "scheduler/worker.hpp"

namespace weft::detail {

// The seam of `simulation`: one thread, every choice seeded, a clock that jumps.
struct simulated_world {
  virtual ~simulated_world() = default;
  virtual std::size_t choose(std::size_t n) noexcept = 0;    // [0, n)
  virtual bool over() noexcept = 0;                          // serve_here() shall return
  virtual void stuck() noexcept = 0;                         // nothing can run and no timer is armed
  std::int64_t now = 0;                                      // ns
};

struct scheduler_options {
  std::string name;
  unsigned workers = 1;
  unsigned stand_ins = 0;                  // at most so many more threads while workers are stuck
  std::chrono::nanoseconds stall_threshold{0};  // whoever holds a worker for so long is told of; 0: nobody
  std::size_t stack_size = 256 * 1024;
  job_hooks const* hooks = nullptr;
  bool tell_quiet = false;                 // see job_hooks::quiet
  void (*suspends)(fiber const&) noexcept = nullptr;  // told on each fiber that is about to let others run; null: nobody asks
  simulated_world* world = nullptr;
  bool overflow_report = true;
};

class scheduler {
 public:
  explicit scheduler(scheduler_options);   // starts the threads; std::system_error if that fails
  ~scheduler();                            // nothing may be queued or suspended any more
  scheduler(scheduler const&) = delete;
  scheduler& operator=(scheduler const&) = delete;

  // Any thread. Threads that are no workers of this scheduler go through the injection queue.
  void submit(unstarted&);                 // throws std::bad_alloc, and nothing is queued
  void inject(unstarted&) noexcept;        // through the injection queue, whoever calls: needs no memory, and runs nothing meanwhile
  void make_ready(fiber&, bool soon) noexcept;

  // Simulation: the calling thread serves as the only worker until the world is over.
  void serve_here() noexcept {
    stopping.store(false, std::memory_order_relaxed);
    workers().front()->serve();
  }
  void stop() noexcept;

  [[nodiscard]] std::int64_t now() const noexcept;
  void earlier_timer(std::int64_t when) noexcept;   // armed: does the timer keeper have to know?

  // Any thread, at any time; returns the one in use: the first that was installed. Lives as long as the scheduler.
  idle_driver& install(std::unique_ptr<idle_driver>) noexcept;
  [[nodiscard]] idle_driver* driver() const noexcept { return driver_.load(std::memory_order_seq_cst); }

  scheduler_options const options;
  stack_pool& stacks;                               // for the default size
  idle_workers idle;
  inject_queue injected;
  alignas(64) std::atomic<bool> stopping{false};    // behind what threads from outside write: workers read this and what follows on each turn
  std::atomic<std::uint64_t> stacks_freed{0};       // fibers that went back to the pool
  std::atomic<bool> keeper{false};                  // somebody sleeps until the next timer
  std::atomic<std::int64_t> keeper_until{INT64_MAX};
  std::atomic<worker*> keeper_worker{nullptr};
  std::atomic<std::uint64_t> stalls{0};
  alignas(64) std::atomic<std::uint64_t> outside_spawned{0}, outside_finished{0}, outside_failed{0}, outside_cancelled{0};
  [[nodiscard]] std::span<std::unique_ptr<worker> const> workers() const noexcept { return workers_.all(); }
  [[nodiscard]] std::int64_t next_timer() const noexcept;

  // By the monitor. One more works along; false: there are as many as there may be, or there was no thread to be had.
  bool call_stand_in() noexcept;

 private:
  void start_thread(worker&);
  template <class T>
  void bring_in(T&) noexcept;                       // through the injection queue
  // One worker alone has nobody to take over what it leaves.
  [[nodiscard]] bool is_watched() const noexcept { return options.workers + options.stand_ins > 1 || options.stall_threshold.count() > 0 || options.tell_quiet; }
  std::atomic<unsigned> visitors_{0};               // outside threads inside submit or make_ready
  std::atomic<std::uint64_t> visits_{0};            // of them, ever
  alignas(64) std::atomic<idle_driver*> driver_{nullptr};
  crew workers_;
  thread_setting const creator_;                    // stand-ins are the monitor's children, and take it on
  std::vector<std::thread> threads_;
};

}  // namespace weft::detail
