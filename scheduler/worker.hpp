#pragma once
// worker: one OS thread's share of a scheduler: its queues, its fiber switch, its search for work.
//
// The loop runs on fibers. It calls an unstarted job as a plain function; a job that suspends leaves its fiber, with the
// loop's frame at the bottom, and the worker goes on in another fiber's loop. When the suspended job has ended it is
// simply inside its own loop again, perhaps on another worker: the loop keeps nothing over a call of run().
#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <vector>

#include <pthread.h>
#include <sys/types.h>

#include "scheduler/claim.hpp"
#include "scheduler/counter.hpp"
#include "scheduler/deque.hpp"
#include "scheduler/fiber.hpp"
#include "scheduler/idle.hpp"
#include "scheduler/idle_driver.hpp"
#include "scheduler/ready_ring.hpp"
#include "scheduler/sampler.hpp"
#include "scheduler/work.hpp"

namespace weft::detail {

class scheduler;

// What overflows costs two takes of a lock for each turn. Measured: 1000 fibers that yield take 0.54 of the time they take with 256.
#ifdef NDEBUG
inline constexpr std::size_t ring_capacity = 1024;
#else
inline constexpr std::size_t ring_capacity = 4;  // overflow shows in tests, not in production
#endif

class worker {
 public:
  worker(scheduler&, unsigned index);
  ~worker();
  worker(worker const&) = delete;
  worker& operator=(worker const&) = delete;

  // The worker of the calling thread; null elsewhere. Never cached over a switch: not inlined on purpose.
  [[nodiscard]] static worker* current() noexcept;

  // What a thread does with its life: onto fibers, and back when the scheduler stops.
  void serve() noexcept;

  // --- of the running fiber
  [[nodiscard]] fiber& running() noexcept { return *runs_on(); }
  [[nodiscard]] fiber* runs_on() const noexcept { return running_.load(std::memory_order_relaxed); }  // for others a guess
  void park(std::int64_t until) noexcept;      // RUNNING -> PARKED, unless something is there to look at
  void disarm(fiber& f) noexcept {             // of the running fiber; the worker may be another than that which has armed it
    timer_wheel::disarm(f.timer);
    timers.add(~std::uint64_t{0});
  }
  void yield() noexcept;                       // to the back of the queue
  void visit() noexcept;                       // lets a few others run, then goes on: see tick()
  void bury_dead() noexcept;                   // the scheduler ends: nothing is left but entries of what has ended
  void run_on_fresh_fiber(unstarted&, std::int64_t until) noexcept;  // park(), and the claimed job starts at once
  [[nodiscard]] bool can_run_on_fresh_fiber() noexcept { return have_spares(2); }
  // Has the running fiber, from this frame on, the stack that a job is promised?
  [[nodiscard, gnu::always_inline]] bool stack_suffices() const noexcept {
    return static_cast<std::byte*>(__builtin_frame_address(0)) >= runs_on()->inline_limit;
  }
  // Inlined joins count as ticks; true about every 64th: others should be looked after (visit).
  [[nodiscard]] bool tick() noexcept { return ticks.add() % visit_period == 0; }

  // Owner: has what runs now run for `ns` without a switch, as far as calls of this function can tell?
  [[nodiscard]] bool slice_is_over(std::int64_t ns) noexcept;

  // --- queues; owner
  // Before push(j), which cannot fail then. Throws std::bad_alloc.
  void make_room_for(unstarted& j) {
    if (samples.wants_ready()) [[unlikely]] samples.ready(j.ready_since);
    if (trim_ || !deque.room()) [[unlikely]] tidy();
  }
  void push(unstarted& j) noexcept {
    deque.push(&j);
    notify();
  }
  void push_ready(fiber*, bool soon) noexcept;  // soon: the caller is about to suspend
  void after_in_place_claim() noexcept { trim_ = true; }
  work_deque<unstarted> deque;

  // --- any thread
  void wake_up() noexcept;
  void fall_asleep() noexcept { asleep_.store(sleeping, std::memory_order_relaxed); }
  void look_again() noexcept;                  // a sleeping keeper of time reconsiders how long
  [[nodiscard]] bool asleep() const noexcept { return asleep_.load(std::memory_order_relaxed) != awake; }
  // Its thread, once it serves.
  struct thread_identity {
    pid_t id;
    pthread_t handle;
    clockid_t cpu_time;
    [[nodiscard]] std::chrono::nanoseconds cpu_used() const noexcept;  // 0: it has ended
  };
  [[nodiscard]] std::optional<thread_identity> thread() const noexcept;
  // Of one that stands in. False: it was dismissed, or on duty, already.
  [[nodiscard]] bool off_duty() const noexcept { return duty_.load(std::memory_order_relaxed) == off; }
  bool dismiss() noexcept;
  bool recall() noexcept;
  bool spill(std::size_t most) noexcept;       // any thread; what it has to the injected ones; false: it had nothing
  [[nodiscard]] bool has_visible_work() const noexcept { return !deque.empty() || !ring_.empty(); }
  [[nodiscard]] std::size_t queued() const noexcept { return deque.size() + ring_.size() + (slot() != nullptr ? 1 : 0); }
  [[nodiscard]] work give(worker& thief) noexcept;    // half of the ring, or the oldest job
  [[nodiscard]] fiber* give_slot() noexcept { return slot_.exchange(nullptr, std::memory_order_acq_rel); }
  [[nodiscard]] fiber* slot() const noexcept { return slot_.load(std::memory_order_relaxed); }
  timer_wheel wheel;

  // Written by this worker only: a line for what is counted all the time, with the block of task ids, then the others.
  alignas(64) counter ticks, switches, parks, wakes, spawned, finished;
  std::uint64_t next_id = 0, last_id = 0;
  alignas(64) std::int64_t coarse_now = 0;     // read now and then: good enough for ages
  counter failed, cancelled, steals;
  counter timers;                              // armed here less disarmed here, modulo 2^64: of all workers, those that are armed
  sampler samples;

  scheduler& home;
  unsigned const index;
  bool const simulated;
  exception_state* exceptions = nullptr;       // of this thread

 private:
  // How long no stack has come free in the whole runtime while one was wanted.
  struct patience {
    std::int64_t since = 0;
    std::uint64_t freed_seen = 0;
  };

  static constexpr std::uint64_t visit_period = 64;
  enum class after : std::uint8_t { nothing, park, yield, visit, recycle };

  static void loop(void* left) noexcept;
  void settle(void* left) noexcept;
  void switch_to(fiber&, after) noexcept;
  void switch_measured(fiber&, std::uint64_t n) noexcept;
  void switch_now(fiber&) noexcept;
  void tidy();
  void notify() noexcept { idle_.notify(); }
  void push_measured(fiber*, bool soon) noexcept;
  void push_now(fiber*, bool soon) noexcept;
  [[nodiscard]] bool have_spares(std::size_t n) noexcept;
  [[nodiscard]] fiber& take_spare() noexcept;
  void recycle(fiber*) noexcept;
  void settle_in(fiber&) noexcept;
  void prepare_park(std::int64_t until) noexcept;
  void leave_for(work, after) noexcept;
  void go_to(work, after) noexcept;
  void park_profiled(work) noexcept;
  void note_queues() const noexcept;
  void poll_as_worker(idle_driver&) noexcept;

  [[nodiscard]] work find() noexcept;
  [[nodiscard]] work find_local(bool start) noexcept { return find_local(start, tick()); }
  [[nodiscard]] work find_local(bool start, bool look_outside) noexcept;
  [[nodiscard]] work find_oldest() noexcept;
  [[nodiscard]] std::size_t turns_of_overflow() const noexcept;
  [[nodiscard]] work find_simulated() noexcept;
  [[nodiscard]] work checked(unstarted*) noexcept;
  [[nodiscard]] work steal() noexcept;
  [[nodiscard]] work search() noexcept;
  void sleep() noexcept;
  void keep_time() noexcept;
  [[nodiscard]] bool dismissed() const noexcept { return duty_.load(std::memory_order_relaxed) == dismissed_; }
  void stand_down() noexcept;
  [[nodiscard]] bool exhausted(patience&) noexcept;
  void starve() noexcept;
  void starve_for(unstarted&) noexcept;
  void start(unstarted&) noexcept;
  void run(unstarted&) noexcept;
  void run_timers() noexcept;
  void poll_in_passing() noexcept;
  void fire_due(std::int64_t now) noexcept;
  void fire(timer_entry&) noexcept;

  struct suspect {
    fiber* who = nullptr;
    std::uint64_t ticks = 0;
    std::int64_t since = 0;
  };

  idle_workers& idle_;
  bool const alone_;                           // there are no thieves
  void (*const suspends_)(fiber const&) noexcept;  // null: nobody asks
  ready_ring<fiber, ring_capacity> ring_;
  std::vector<suspect> suspects_;              // other workers' slots as last seen
  std::atomic<fiber*> slot_{nullptr};          // woken by what runs now; runs next
  std::atomic<fiber*> running_{nullptr};
  fiber* previous_ = nullptr;                  // what the arriving context has to settle
  after after_ = after::nothing;
  unstarted* handed_over_ = nullptr;           // claimed; starts on the fiber that is switched to
  fiber native_;                               // the thread's own stack
  std::vector<fiber*> spares_;                 // LIFO: the hottest first
  std::vector<work> simulated_;                // simulation: everything that could run
  int* errno_ = nullptr;
  unsigned visiting_ = 0;                      // entries the visitors may still take
  std::size_t overflow_turns_ = 0;             // what of the injection queue is to run before the own ring's next
  std::uint64_t overflow_ended_ = 0;           // at that tick
  unsigned slots_in_a_row_ = 0;
  bool ring_first_ = true;
  bool trim_ = false;
  bool searching_ = false;
  bool hand_role_on_ = false;                  // was keeper of time: somebody else has to be before we run anything
  std::uint64_t slice_switches_ = 0;
  std::int64_t slice_began_ = 0;
  std::int64_t polled_ = 0;                    // the driver, in passing
  driver_events arrived_;                      // as keeper of time, while asleep
  patience for_usual_stacks_, for_other_stacks_;
  std::uint64_t random_;
  static constexpr std::uint32_t awake = 0, sleeping = 1, recheck = 2;
  alignas(64) std::atomic<std::uint32_t> asleep_{awake};  // from here on written by others, too
  static constexpr std::uint32_t on = 0, dismissed_ = 1, off = 2;
  std::atomic<std::uint32_t> duty_{on};
  std::atomic<pid_t> thread_id_{0};            // 0: does not serve
  std::atomic<pthread_t> thread_handle_{};
  std::atomic<clockid_t> thread_time_{0};
};

}  // namespace weft::detail
