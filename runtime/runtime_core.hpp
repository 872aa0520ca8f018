#pragma once
// runtime_core: what is behind a weft::runtime.
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "runtime/slab.hpp"
#include "runtime/thread_pool.hpp"
#include "scheduler/scheduler.hpp"
#include <weft/detail/cancel_scope.hpp>
#include <weft/runtime.hpp>

namespace weft::detail {

class runtime_core {
 public:
  runtime_core(runtime& handle, runtime_options, simulated_world*);
  ~runtime_core();

  // A task of this runtime, from anywhere: the calling thread's worker and task, if any. no_runtime_error, std::bad_alloc.
  void submit(future_core&, worker*, future_core const* self);
  // Before something is counted as ended; no_runtime_error once refusing, for a callback's runner once closed.
  void count_outside_spawn(bool callback = false);
  void submit_here(future_core&, worker&, future_core const* self);  // that worker is the caller's, and this runtime's
  void adopt(future_core&) noexcept;       // gives it its identity
  // The same, and counts it: it runs at once on that worker, with those locals.
  void adopt_taker(future_core&, worker&, future_core const& caller, task_locals*) noexcept;
  // Its result is kept and its state set: it leaves the round of an ending, if it is in one. Then it is counted.
  void ending(future_core& c) noexcept {
    if (somebody_drains()) [[unlikely]] leave_round(c);
  }
  void ended(worker* w, job_state s) noexcept {
    if (w != nullptr && &w->home == sched.get()) [[likely]] {
      ended_here(*w, s);
    } else {
      ended_outside(s);
    }
  }
  void ended_here(worker& w, job_state s) noexcept {  // that worker is the caller's, and this runtime's
    if (s == job_state::finished) [[likely]] {
      w.finished.add();
    } else {
      (s == job_state::failed ? w.failed : w.cancelled).add();
    }
    if (somebody_drains()) [[unlikely]] wake_drainers();
  }
  void report(unhandled_error const&) const noexcept;

  // Spawned and not ended. Exact when it is 0: what has ended is counted first, then what was spawned.
  [[nodiscard]] std::uint64_t live() const noexcept;

  // One round: requests on all that live and have none of this ending yet; how many.
  std::size_t cancel_round();
  void cancel_round_if_over();             // unless the last one is still open
  void begin_draining() noexcept;
  void end_draining() noexcept;

  // Cancels everything that lives and waits, round by round. False: the deadline came first.
  bool drain(std::int64_t until, bool close);

  runtime& handle;
  runtime_options const options;
  std::atomic<bool> refusing{false};       // nobody spawns from outside any more
  std::atomic<bool> closed{false};         // and nothing lives any more: callbacks are dropped
  std::atomic<int> draining{0};
  std::atomic<int> leaving{0};             // counted as ended, but not done with us: threads that no runtime joins
  bool abandoned = false;                  // a simulation left stacks that cannot be unwound: not to be destroyed
  mutable std::atomic<int> reporting{0};   // reports from threads that are no workers
  std::shared_ptr<thread_pool> blocking;
  std::unique_ptr<scheduler> sched;

 private:
  void submit_outside(future_core&, future_core const* self);
  void ended_outside(job_state) noexcept;
  [[nodiscard]] bool somebody_drains() const noexcept {
    light_fence();  // pairs with heavy_fence in begin_draining()
    return draining.load(std::memory_order_relaxed) != 0;
  }
  void leave_round(future_core&) noexcept;
  void wake_drainers() noexcept;
  void wait_for_reports() const noexcept;  // of tasks that have ended

  std::atomic<std::int64_t> round_pending_{0};
  std::mutex round_lock_;
  std::mutex drain_lock_;
  std::vector<parker*> drain_waiters_;
};

// Runtimes that exist; a late report finds out whether its runtime is still there.
[[nodiscard]] runtime_core const* pin_runtime(runtime_core const*) noexcept;  // null: gone. Else unpin
void unpin_runtime(runtime_core const&) noexcept;
void see_runtimes(void (*see)(runtime_core const&, void* context), void* context);  // those there are; none ends meanwhile
template <class F>
void each_runtime(F&& f) {
  see_runtimes([](runtime_core const& rt, void* p) { (*static_cast<std::remove_reference_t<F>*>(p))(rt); }, &f);
}

// --- termination (terminate.cpp)
void install_terminate_report() noexcept;

// --- callbacks (callbacks.cpp)
void queue_callback(future_core&, wait_node&) noexcept;
void run_callbacks(future_core&) noexcept;
void drop_callbacks_of(runtime_core&) noexcept;

// --- cancellation (cancel.cpp)
inline constexpr unsigned request_cause_shift = 1;
inline constexpr std::uint64_t request_cause_mask = 7 << request_cause_shift;
inline constexpr std::uint64_t request_shutdown = 1 << 4;   // belongs to the current round
inline constexpr std::uint64_t request_ended = 1 << 5;      // counted out of its round
inline constexpr std::uint64_t request_asked = 1 << 6;      // by its round
inline constexpr std::uint64_t request_own = 1 << 7;        // those not delivered yet are its own scopes': another's cause counts
inline constexpr std::uint64_t request_undelivered_unit = 1 << 8;  // how many are not delivered yet: 10 bits, saturating
inline constexpr std::uint64_t request_undelivered_mask = 0x3ff << 8;
inline constexpr std::uint64_t request_unit = 1 << 18;             // how many are not taken back: 14 bits, saturating
inline constexpr std::uint64_t request_count_mask = std::uint64_t{0x3fff} << 18;

[[nodiscard]] inline bool is_requested(future_core const& c) noexcept {
  return (c.requests.load(std::memory_order_seq_cst) & request_undelivered_mask) != 0;  // pairs with the RMW in cancel()
}
void kick_task(future_core&) noexcept;                                // it has something to look at
int take_back(future_core& self, bool undelivered) noexcept;          // one request; how many are left
[[nodiscard]] request_mark mark_requests(future_core const& self) noexcept;
void deliver_again(future_core& self, request_mark const& since, cancelled const& what) noexcept;  // nobody heard it; not counted twice
[[nodiscard]] bool can_deliver(future_core const& self) noexcept;     // hears(), for the running task
// There is a request that may be thrown or passed on where so many exceptions are in flight: neither shield nor unwinding puts it off.
[[nodiscard]] bool hears(future_core const& self, unsigned uncaught) noexcept;
[[nodiscard]] cancelled take_request(future_core& self, unsigned uncaught = 0);  // what it hears
[[nodiscard]] std::int64_t nearest_deadline(future_core& self) noexcept;  // of its time-outs, and its group's or its team's
[[nodiscard]] inline std::int64_t& deadline_of_taker(future_core& c) noexcept { return *static_cast<std::int64_t*>(c.payload()); }
std::int64_t look_at_scopes(future_core& self) noexcept;              // those that want to cancel do; the next one's time
bool join_round(future_core&, std::uint32_t generation) noexcept;       // shutdown's: counts it into the round
bool cancel_if_in_round(future_core&, std::uint32_t generation) noexcept;
void look_around(future_core& self) noexcept;                         // the same for one that runs, if anything has
std::int64_t look_outward(future_core* innermost) noexcept;           // after a kick, all tasks of a fiber; the next time-out

// --- dump.cpp, for the debug reports
void look_for_deadlocks(scheduler&) noexcept;

// --- dump_signal.cpp
void listen_for_dump_signal();  // once, if the environment asks for it; throws as signal_listener::begin()

// --- inspection (inspect.cpp). Empty: that life of the block is over.
[[nodiscard]] std::optional<task_info> look_at(future_core&, std::uint32_t generation, clock::duration now);

// --- groups (group_core.cpp)
void leave_group(future_core& child) noexcept;                        // it is done

// --- tasks (spawn.cpp, join.cpp)
void run_newest_children(group_core&) noexcept;                       // those at the bottom of this worker's deque
[[nodiscard]] inline future_core* running_on(worker& w) noexcept {
  return static_cast<future_core*>(w.running().current.load(std::memory_order_relaxed));
}
extern job_hooks const task_hooks;
[[nodiscard]] bool report_stall(stall const&) noexcept;                // stall.cpp
[[nodiscard]] future_core*& blocking_core_here() noexcept;            // of a blocking pool's thread
// finish() of a job: then the runner's entry goes, if it has one, and the job is counted as ended.
void finish_and_leave(future_core&, job_state, bool owns_entry = true) noexcept;

}  // namespace weft::detail
