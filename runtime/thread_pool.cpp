#include "runtime/thread_pool.hpp"

#include <chrono>
#include <new>
#include <stdexcept>
#include <pthread.h>
#include <thread>

#include "runtime/inspection/debug.hpp"
#include "runtime/inspection/task_records.hpp"
#include "runtime/on_thread.hpp"
#include <weft/blocking.hpp>
#include <weft/detail/parking.hpp>

namespace weft::detail {
namespace {

constexpr auto keep_alive = std::chrono::seconds(10);

void run(future_core& c, meanwhile is) noexcept {
  job_state s = job_state::cancelled;
  (void)c.claim();  // whoever has taken it out of the queue, and nobody else: such a task is never inlined
  c.outer = nullptr;
  if (recording()) [[unlikely]] record_begin(c);
  if (is_requested(c)) {
    keep_cancellation(c, take_request(c));
    c.ops->discard(c);
  } else {
    c.timed = false;
    if (is == meanwhile::the_task) {
      c.where.store(&this_parker(), std::memory_order_seq_cst);
      blocking_core_here() = &c;
    }
    s = c.ops->run(c);
    if (is_watched(c)) [[unlikely]] look_for_swallowed(c, s);
    if (is == meanwhile::the_task) {
      c.where.store(nullptr, std::memory_order_relaxed);
      blocking_core_here() = nullptr;
    }
    // Cancelled while it ran: the call could not be interrupted, its value is dropped.
    if (s == job_state::finished && is_requested(c) && !c.has(future_core::inner)) {
      c.ops->clear(c, s);
      keep_cancellation(c, take_request(c));
      s = job_state::cancelled;
    }
  }
  finish_and_leave(c, s);
}

void* room_of(future_core& c) noexcept {
  return reinterpret_cast<std::byte*>(&c) + core_size_class[c.size_class] - sizeof(queued_call);
}
queued_call& entry_of(future_core& c) noexcept { return *std::launder(static_cast<queued_call*>(room_of(c))); }

// To its runtime, which lives: the call does.
void give_to_workers(future_core& c) noexcept { c.rt.load(std::memory_order_acquire)->sched->inject(c); }

}  // namespace

// Such a thread may outlive the runtime whose task this is; the pin keeps it until we have let go. (The load is the acquire to
// adopt()'s release: others' queues need not order the task for us.)
void run_on_thread(future_core& c, meanwhile is) noexcept {
  runtime_core const& rt = *c.rt.load(std::memory_order_acquire);
  rt.reporting.fetch_add(1, std::memory_order_relaxed);
  run(c, is);
  unpin_runtime(rt);
}

void thread_pool::append(future_core& c) noexcept {
  ::new (room_of(c)) queued_call{this, last_};
  c.next = nullptr;
  (last_ != nullptr ? last_->next : first_) = &c;
  last_ = &c;
  ++queued_;
  c.mark(future_core::pooled);
}

void thread_pool::unlink(future_core& c) noexcept {
  unstarted* const before = entry_of(c).before;
  (before != nullptr ? before->next : first_) = c.next;
  (c.next != nullptr ? entry_of(static_cast<future_core&>(*c.next)).before : last_) = before;
  --queued_;
  c.unmark(future_core::pooled);
}

void thread_pool::push(future_core& c) {
  std::shared_ptr<thread_pool> alive;  // the call may end, and the last handle with it, before its thread has been called
  std::unique_lock guard{lock_};
  if (is_requested(c)) {  // shutdown has been faster
    guard.unlock();
    give_to_workers(c);
    return;
  }
  if (idle_ == nullptr && threads_ < limit_) grow();
  append(c);
  if (seat* const s = idle_; s != nullptr) {
    idle_ = s->next;
    s->called = true;
    alive = shared_from_this();
    guard.unlock();
    s->wake.notify_one();
  }
}

// Under the lock. Throws if there is no thread and none can be made.
void thread_pool::grow() {
  ++threads_;
  try {
    if (vacant_ == nullptr) vacant_ = &seats_.emplace_back();
    seat& mine = *vacant_;
    std::thread([self = shared_from_this(), &mine] { self->serve(mine); }).detach();
    vacant_ = mine.next;
  } catch (...) {
    --threads_;
    if (threads_ == 0) throw;
  }
}

void thread_pool::withdraw(future_core& c, std::uint32_t generation) noexcept {
  {
    std::lock_guard guard{lock_};
    if (!c.has(future_core::pooled) || c.generation.load(std::memory_order_relaxed) != generation) return;
    entry_of(c).pool->unlink(c);
  }
  give_to_workers(c);
}

bool thread_pool::wait_for_call(seat& mine, std::unique_lock<std::mutex>& guard) noexcept {
  mine.called = false;
  mine.next = idle_;
  idle_ = &mine;
  if (mine.wake.wait_for(guard, keep_alive, [&] { return mine.called || ending_; }) && mine.called) return true;
  seat** at = &idle_;
  while (*at != &mine) at = &(*at)->next;
  *at = mine.next;
  return ending_;
}

void thread_pool::serve(seat& mine) noexcept {
  ::pthread_setname_np(::pthread_self(), "weft/blocking");
  std::unique_lock guard{lock_};
  for (;;) {
    while (first_ == nullptr && !ending_ && wait_for_call(mine, guard)) {
    }
    if (first_ == nullptr) break;
    auto& c = static_cast<future_core&>(*first_);
    unlink(c);
    guard.unlock();
    run_on_thread(c, meanwhile::the_task);
    guard.lock();
  }
  mine.next = vacant_;
  vacant_ = &mine;
  --threads_;
  // Under the lock: after it, join() may let the pool go.
  left_.notify_all();
}

void thread_pool::close() noexcept {
  std::lock_guard guard{lock_};
  ending_ = true;
  for (seat* s = idle_; s != nullptr; s = s->next) s->wake.notify_one();
}

void thread_pool::join() noexcept {
  close();
  std::unique_lock guard{lock_};
  left_.wait(guard, [&] { return threads_ == 0; });
}

unsigned thread_pool::threads() const noexcept {
  std::lock_guard guard{lock_};
  return threads_;
}

unsigned thread_pool::queued() const noexcept {
  std::lock_guard guard{lock_};
  return queued_;
}

void launch_blocking(future_core& c, thread_pool* pool) {
  runtime_core& rt = runtime_here("run_blocking()");
  if (rt.sched->options.world != nullptr) {
    rt.submit(c, worker::current(), current_core());
    return;
  }
  launch_on_thread(c, rt, [&] { (pool != nullptr ? pool : rt.blocking.get())->push(c); });
}

std::shared_ptr<thread_pool> make_thread_pool(unsigned threads) {
  if (threads == 0) throw std::invalid_argument("weft: a blocking_pool needs at least one thread");
  // The last handle tells the threads to leave when the queue is empty; they keep the pool itself alive.
  auto pool = std::make_shared<thread_pool>(threads);
  auto* const p = pool.get();
  return {p, [pool = std::move(pool)](thread_pool*) { pool->close(); }};
}

}  // namespace weft::detail
