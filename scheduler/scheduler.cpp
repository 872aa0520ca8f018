// Start, stop, and the way in for threads that are no workers.
#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <chrono>
#include <pthread.h>
#include <signal.h>

#include "scheduler/fence.hpp"
#include "scheduler/overflow.hpp"

namespace weft::detail {
namespace {

std::atomic<job_hooks const*> describer{nullptr};  // the same table for every scheduler

void describe_stack(void* base, char* out, std::size_t n) noexcept {
  fiber const* const f = fiber_of_stack(base);
  job_hooks const* const hooks = describer.load(std::memory_order_relaxed);
  if (f != nullptr && hooks != nullptr) hooks->describe(*f, out, n);
}

}  // namespace

scheduler::scheduler(scheduler_options o) : options(std::move(o)), stacks(stack_pool::of(options.stack_size)), idle(options.workers) {
  describer.store(options.hooks, std::memory_order_relaxed);
  workers_.reserve(options.workers);
  for (unsigned i = 0; i != options.workers; ++i) workers_.push_back(std::make_unique<worker>(*this, i));
  if (options.overflow_report) install_overflow_handler(&describe_stack);
  if (options.world != nullptr) return;
  threads_.reserve(options.workers);
  try {
    for (auto& w : workers_) {
      threads_.emplace_back([&w = *w] { w.serve(); });
      auto const name = (options.name + "/" + std::to_string(w->index)).substr(0, 15);
      ::pthread_setname_np(threads_.back().native_handle(), name.c_str());
    }
  } catch (...) {
    stop();
    for (auto& t : threads_) t.join();
    if (options.overflow_report) remove_overflow_handler();
    throw;
  }
}

scheduler::~scheduler() {
  stop();
  for (auto& t : threads_) t.join();
  // A waker from outside may still be on his way out of make_ready().
  for (backoff b; visitors_.load(std::memory_order_acquire) != 0;) b.pause();
  // What was claimed in place and met by nobody since: the entry may be the block's last owner, and a value is in it.
  for (auto& w : workers_) w->bury_dead();
  while (work const x = injected.pop(true)) options.hooks->bury(*x.start);
  if (options.overflow_report) remove_overflow_handler();
  delete driver_.load(std::memory_order_relaxed);
}

void scheduler::stop() noexcept {
  stopping.store(true, std::memory_order_seq_cst);
  heavy_fence();
  idle.wake_all();
}

void scheduler::submit(unstarted& j) {
  if (worker* const w = worker::current(); w != nullptr && &w->home == this) {
    w->make_room();
    w->push(j);
    return;
  }
  visitors_.fetch_add(1, std::memory_order_acquire);
  injected.push(&j);
  idle.notify();
  visitors_.fetch_sub(1, std::memory_order_release);
}

void scheduler::make_ready(fiber& f, bool soon) noexcept {
  if (worker* const w = worker::current(); w != nullptr && &w->home == this) {
    w->push_ready(&f, soon);
    return;
  }
  visitors_.fetch_add(1, std::memory_order_acquire);
  injected.push(&f);
  idle.notify();
  visitors_.fetch_sub(1, std::memory_order_release);
}

std::int64_t scheduler::now() const noexcept {
  return options.world != nullptr ? options.world->now : std::chrono::steady_clock::now().time_since_epoch().count();
}

std::int64_t scheduler::next_timer() const noexcept {
  auto next = std::int64_t{INT64_MAX};
  for (auto const& w : workers_) next = std::min(next, w->wheel.next());
  return next;
}

idle_driver& scheduler::install(std::unique_ptr<idle_driver> d) noexcept {
  idle_driver* before = nullptr;
  if (!driver_.compare_exchange_strong(before, d.get(), std::memory_order_seq_cst)) return *before;
  ensure_watch();  // who keeps the time sleeps elsewhere
  return *d.release();
}

void scheduler::ensure_watch() noexcept {
  if (worker* const w = keeper_worker.load(std::memory_order_seq_cst)) {
    w->look_again();
  } else {
    idle.wake_one_more();  // finds nothing to do and becomes the keeper
  }
}

void scheduler::earlier_timer(std::int64_t when) noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);  // armed, then look; pairs with keeper_until, then next_timer()
  if (when >= keeper_until.load(std::memory_order_relaxed)) return;
  if (worker* const w = keeper_worker.load(std::memory_order_relaxed)) w->look_again();
}

}  // namespace weft::detail
