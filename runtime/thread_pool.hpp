#pragma once
// thread_pool: an elastic pool of OS threads for calls that block. Grows on demand up to a limit; idle threads leave.
//
// A queued call belongs to whoever takes it out of the queue, under the lock: a thread of the pool, which runs it; or, once it is
// cancelled, the canceller, who gives it to its runtime's workers. Those discard it as any task that was cancelled before it began.
// So it ends at once, what it has captured is gone before its awaiter goes on, and neither the lock nor a canceller (who may be
// looking around in the middle of a wait) ever runs the user's code.
//
//   T1  No request is missed: cancel() writes it (an RMW), then looks for the call under the lock. The call is in the queue: it is
//       taken out. It is not there yet: push() sees the request, under the same lock. It is not there any more: a thread has begun
//       with it, who looks for requests before it calls, and from then on it is as with any task that runs (cancel.cpp).
//   T2  `pooled` is set as long as the call is in a queue, and changes under the lock only. A queue's entry is an owner, so what is
//       marked is alive, of the generation that is seen with it. Only then queued_call may be looked at: shutdown has no handle.
// For that there is one lock for all pools: who cancels knows the call, not the pool, which may be gone. It is held for pointer
// swaps and, when a pool grows, for the making of a thread. A call wakes its thread after it, or that would wait for it at once.
//
// The last thread to become idle is the first to be called: its cache is the warmest, and those that are not needed get to leave.
//
//   T3  A call that is pushed is not left lying: it calls one idle thread, or there was none; then a thread that runs looks into the
//       queue before it is idle, and if all threads are needed and there may be more, there is a new one. Who was called and finds
//       nothing (a running thread was faster) is idle again.
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include <weft/detail/core.hpp>

namespace weft::detail {

class thread_pool : public std::enable_shared_from_this<thread_pool> {
 public:
  explicit thread_pool(unsigned limit) noexcept : limit_(limit) {}

  void push(future_core&);              // throws std::system_error if there is no thread and none can be made
  void close() noexcept;                // threads leave when the queue is empty
  void join() noexcept;                 // closes, and waits until every thread has left; nothing may be pushed any more
  [[nodiscard]] unsigned threads() const noexcept;
  [[nodiscard]] unsigned queued() const noexcept;

  // That life of a call has been cancelled: if it is queued, in whatever pool, it ends at once. Any thread.
  static void withdraw(future_core&, std::uint32_t generation) noexcept;

 private:
  // Of a thread that is idle. The pool's, which lives longer than its threads: who calls a thread that has left calls its heir, for
  // nothing. Who calls after the lock keeps the pool alive.
  struct seat {
    std::condition_variable wake;
    bool called = false;
    seat* next = nullptr;  // in idle_ or vacant_
  };

  void grow();
  void serve(seat&) noexcept;
  [[nodiscard]] bool wait_for_call(seat&, std::unique_lock<std::mutex>&) noexcept;  // false: nothing for long
  void append(future_core&) noexcept;
  void unlink(future_core&) noexcept;

  static inline std::mutex lock_;

  unsigned const limit_;
  std::condition_variable left_;
  std::deque<seat> seats_;   // as many as there ever were threads at once
  seat* idle_ = nullptr;     // the newest first
  seat* vacant_ = nullptr;
  unstarted* first_ = nullptr;
  unstarted* last_ = nullptr;
  unsigned threads_ = 0, queued_ = 0;
  bool ending_ = false;
};

}  // namespace weft::detail
