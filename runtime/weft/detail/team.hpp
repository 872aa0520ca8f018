#pragma once
// team: the tasks that work on one parallel_for(), parallel_reduce() or parallel_invoke().
//
// A part is work that its forker will do later unless others take it first. It lies on the forker's stack and in its deque, and
// has no block, no handle, no name. Nobody takes it: the forker takes it back and does it within its own task. Who takes
// it becomes a task for it, a member of the team, and may fork parts of that part.
//
// Invariants
//   K1  A part's entry is in one queue, or taken; nobody claims a part in place, so it leaves no tombstone (J5 in job.hpp).
//   K2  The forker leaves the part's scope when it has taken the entry back, or sees its end: the taker's last touch (part_end.hpp).
//   K3  A member's open parts are a stack, linked by `before_`, which only its own fiber reads and writes.
//   K4  No request is lost: the forker says that the team stops, then reads who has taken the part and asks him to end; the
//       taker says who he is, then reads whether the team stops. seq_cst. A forker asks the takers of its own open parts, once
//       for each request.
// What the team has thrown is written once, by whoever has set its bit, and read when all have been joined.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <source_location>
#include <utility>

#include <weft/cancel.hpp>
#include <weft/detail/core.hpp>
#include <weft/detail/parking.hpp>
#include <weft/detail/part_end.hpp>
#include <weft/task.hpp>

namespace weft::detail {

class member;
class team;

// To be derived from. `work` does it, in a task that has taken it: errors go to member::failed().
class portion : public unstarted {
 public:
  using function = void (*)(portion&, member&) noexcept;

  portion(team& t, function work) noexcept : unstarted(job::no_owners), team_(t), work_(work) {}

  void run_taken() noexcept;              // by whoever has taken its entry
  void fail_for_want_of_stack() noexcept;  // the same: it will not be done
  // For inspection, of one that is waited for: the task that has taken it. Null: not known yet.
  [[nodiscard]] future_core* runner() const noexcept { return runner_.load(std::memory_order_acquire); }

 private:
  friend class member;
  void work_as_member();                  // throws std::bad_alloc
  void finish() noexcept;
  void ask_to_end(std::string_view message) noexcept;

  team& team_;
  function const work_;
  portion* before_ = nullptr;                // forked by the same member, and open
  part_end end_;
  std::atomic<future_core*> runner_{nullptr};  // its taker's task, in which the forker owns a weak handle
};

// How large the next piece of a loop is: long enough to make looking around cheap, short enough to react.
class pace {
 public:
  explicit pace(std::size_t grain) noexcept : size_(grain != 0 ? grain : 1), learns_(grain == 0) {}
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  friend class member;
  void learn(std::int64_t ns) noexcept;

  std::size_t size_;
  bool const learns_;
  std::uint8_t pieces_ = 0;
  std::int64_t began_ = 0;    // the piece that is just over; 0: not known
  std::int64_t looked_ = 0;   // when others had their turn
};

// One of the team's tasks. On its own stack, used by itself.
class member {
 public:
  member(team& t, future_core* self) noexcept : team_(t), self_(self) {}
  member(member const&) = delete;
  member& operator=(member const&) = delete;

  // Others may take it from now on. False: there is no memory for that; it is the caller's to do.
  [[nodiscard]] bool fork(portion&) noexcept;
  // S  The part forked last. True: it is the caller's to do, now. False: it has been done.
  [[nodiscard]] bool join(portion&) noexcept;

  enum class step : std::uint8_t { stop, split, go_on };
  // S  Before each piece of a loop: lets others run now and then, notices errors and cancellation (stop), and whether somebody
  // could do with half of the work (split).
  [[nodiscard]] step next(pace&) noexcept;

  [[nodiscard]] bool stopped() const noexcept;
  void failed() noexcept;  // in a handler: of what was thrown. The first is the team's
  [[nodiscard]] team& its_team() const noexcept { return team_; }

  // Calls f() unless the team has stopped; what it throws is the team's.
  template <class F>
  void call(F&& f) noexcept {
    if (stopped()) return;
    try {
      std::forward<F>(f)();
    } catch (...) {
      failed();
    }
  }

 private:
  friend class portion;
  friend class team;
  struct wait;
  void await(portion&) noexcept;
  void ask_all(std::string_view message) noexcept;

  team& team_;
  future_core* const self_;
  portion* newest_ = nullptr;
};

class team {
 public:
  // A checkpoint. `what` has to be in a task: no_runtime_error.
  team(char const* what, std::source_location site);
  team(team const&) = delete;
  team& operator=(team const&) = delete;

  [[nodiscard]] bool on_worker() const noexcept { return on_worker_; }  // else there is nobody to fork for
  [[nodiscard]] member& home() noexcept { return home_; }

  // Once, when all parts are joined: throws what the team has thrown, else cancelled if the caller's request has stopped it.
  void finish() {
    if (said_.load(std::memory_order_relaxed) != 0 || locals_changed()) [[unlikely]] settle();
  }

 private:
  friend class member;
  friend class portion;
  static constexpr std::uint32_t has_failed = 1, is_cancelled = 2;

  [[nodiscard]] bool stopped() const noexcept { return said_.load(std::memory_order_relaxed) != 0; }
  [[nodiscard]] bool locals_changed() const noexcept { return locals_ != nullptr || home_.self_->locals != nullptr; }
  void fail(std::exception_ptr) noexcept;
  void cancel(std::exception_ptr) noexcept;
  void settle();

  member home_;
  std::atomic<std::uint32_t> said_{0};
  bool on_worker_ = true;
  bool masked_ = false;                  // nothing is delivered to the caller
  task_locals* locals_ = nullptr;        // the caller's when it began: every part begins with these
  std::int64_t limit_ = no_limit;        // the caller's deadline
  std::source_location const site_;
  std::exception_ptr error_, cancelled_by_;
  std::optional<cancelled> request_;     // the caller's, taken while it waited
  int heard_before_;                     // of so many it knew before
};

inline bool member::stopped() const noexcept { return team_.stopped(); }

// work(member&) noexcept, in the calling task and whoever joins in. From a thread of run_blocking: in a task of its own.
template <class Work>
void work_as_team(char const* what, std::source_location site, Work&& work) {
  team all(what, site);
  if (!all.on_worker()) [[unlikely]] {
    weft::fork([&] { work_as_team(what, site, work); }, site).get();
    return;
  }
  work(all.home());
  all.finish();
}

}  // namespace weft::detail
