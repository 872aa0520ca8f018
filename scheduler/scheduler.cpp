// Start, stop, and the way in for threads that are no workers.
#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <ranges>
#include <pthread.h>
#include <signal.h>

#include "scheduler/fence.hpp"
#include "scheduler/monitor.hpp"
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

scheduler::scheduler(scheduler_options o)
    : options(std::move(o)), stacks(stack_pool::of(options.stack_size)), idle(options.workers, options.stand_ins),
      workers_(options.workers + options.stand_ins) {
  describer.store(options.hooks, std::memory_order_relaxed);
  for (unsigned i = 0; i != options.workers; ++i) workers_.add(std::make_unique<worker>(*this, i));
  if (options.overflow_report) install_overflow_handler(&describe_stack);
  if (options.world != nullptr) return;
  threads_.reserve(workers_.most());
  try {
    for (auto& w : workers()) start_thread(*w);
    if (is_watched()) monitor::watch(*this);
  } catch (...) {
    stop();
    for (auto& t : threads_) t.join();
    if (options.overflow_report) remove_overflow_handler();
    throw;
  }
}

void scheduler::start_thread(worker& w) {
  auto const name = (options.name + "/" + std::to_string(w.index)).substr(0, 15);
  threads_.emplace_back([this, &w] {
    if (w.index >= options.workers) creator_.take_on();
    w.serve();
  });
  (void)w.recall();
  ::pthread_setname_np(threads_.back().native_handle(), name.c_str());
}

bool scheduler::call_stand_in() noexcept {
  for (auto const& w : workers().subspan(options.workers)) {
    if (w->index < threads_.size() && w->off_duty() && w->recall()) return true;
  }
  if (threads_.size() == workers_.most()) return false;
  try {
    // One of the crew before it runs: else its own timers were not among those that it looks at before it sleeps.
    if (threads_.size() == workers().size()) workers_.add(std::make_unique<worker>(*this, static_cast<unsigned>(threads_.size())));
    start_thread(*workers().back());
    return true;
  } catch (std::exception const&) {
    return false;  // the next look tries again
  }
}

scheduler::~scheduler() {
  if (is_watched()) monitor::forget(*this);
  stop();
  for (auto& t : threads_) t.join();
  // A waker from outside may still be on his way out of make_ready().
  for (backoff b; visitors_.load(std::memory_order_acquire) != 0;) b.pause();
  // What was claimed in place and met by nobody since: the entry may be the block's last owner, and a value is in it.
  for (auto& w : workers()) w->bury_dead();
  while (work const x = injected.pop(true)) options.hooks->bury(*x.start);
  if (options.overflow_report) remove_overflow_handler();
  delete driver_.load(std::memory_order_relaxed);
}

void scheduler::stop() noexcept {
  stopping.store(true, std::memory_order_seq_cst);
  heavy_fence();
  idle.wake_all();
  for (auto const& w : workers()) (void)w->recall();
}

void scheduler::submit(unstarted& j) {
  if (worker* const w = worker::current(); w != nullptr && &w->home == this) {
    w->make_room();
    w->push(j);
    return;
  }
  inject(j);
}

void scheduler::inject(unstarted& j) noexcept {
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
  for (auto const& w : workers()) next = std::min(next, w->wheel.next());
  return next;
}

idle_driver& scheduler::install(std::unique_ptr<idle_driver> d) noexcept {
  idle_driver* before = nullptr;
  if (!driver_.compare_exchange_strong(before, d.get(), std::memory_order_seq_cst)) return *before;
  if (worker* const w = keeper_worker.load(std::memory_order_seq_cst)) {
    w->look_again();         // it sleeps elsewhere
  } else {
    idle.wake_one_more();    // finds nothing to do and becomes the keeper
  }
  return *d.release();
}

void scheduler::earlier_timer(std::int64_t when) noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);  // armed, then look; pairs with keeper_until, then next_timer()
  if (when >= keeper_until.load(std::memory_order_relaxed)) return;
  // Acquire, pairs with keep_time(): it may be a stand-in, made after this thread has looked at the crew.
  if (worker* const w = keeper_worker.load(std::memory_order_acquire)) w->look_again();
}

}  // namespace weft::detail
