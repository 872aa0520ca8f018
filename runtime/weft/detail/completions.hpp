#pragma once
// completions: which of some futures are done, in the order in which they became so. For one owner, who may wait for news.
//
// A completion is the node that waits in its future's list. Whoever ends the future tells it: puts it on a stack, on top of
// those told before, and kicks the owner if that is news he asked for. The owner reads from the top back to what he has seen.
//
// Invariants
//   N1  A node is in its future's list, or being told, or told: whoever takes it out of the list tells it, once.
//   N2  Nodes never leave the stack. So a teller may read the node below, and `rank` counts exactly.
//   N3  The teller's last touch of node and stack is `let_go_`; the owner leaves when as many have let go as were told.
//   N4  No news is lost: the teller stacks, then reads what is asked for; the owner asks, then reads the stack. seq_cst.
// Orders: stacking (release) pairs with the loads of the top (acquire): the fields of all nodes below; `let_go_` (release)
//   pairs with the load in leave() (acquire): the memory is the owner's again.
// Telling is never user code and never suspends, so leave() may spin.
#include <cstdint>
#include <span>

#include <weft/detail/core.hpp>
#include <weft/detail/parking.hpp>

namespace weft::detail {

struct shield_link;

// In a future's list, and no waiter's: told when it is done.
struct done_node : wait_node {
  // `ended_too`: shields that have ended by it and have callbacks to be run, see shield.hpp. Null: it is a callback.
  void (*tell)(done_node&, future_core&, shield_link*& ended_too) noexcept = nullptr;
};

class completions;

struct completion : done_node {
  completion() noexcept = default;
  completion(completion const&) = delete;
  completion& operator=(completion const&) = delete;

  future_core* core = nullptr;    // null: nothing to wait for (the duplicate of another)
  completion* added_before = nullptr;

 private:
  friend class completions;
  completions* list_ = nullptr;
  completion* below_ = nullptr;   // told before
  completion* above_ = nullptr;   // the owner's: to be seen after
  std::uint32_t rank_ = 0;
  bool open_ = false;             // the owner's: watched, and not seen yet
};

class completions {
 public:
  static constexpr unsigned finished = 1, failed = 2, ended_cancelled = 4, any = 7;

  completions() noexcept = default;
  completions(completions const&) = delete;
  completions& operator=(completions const&) = delete;
  ~completions() { leave(); }

  // Everything below is the owner's. The futures have to stay until leave().
  void add(completion& n) noexcept {
    n.added_before = last_;
    last_ = &n;
    watch(n);
  }
  void watch(completion&) noexcept;
  // True: it will not be told, unless watched again.
  bool unwatch(completion&) noexcept;

  // From now on the caller is kicked at each future that ends in one of these ways, and when that many are done.
  void ask(unsigned ways, std::uint32_t count) noexcept;

  // In order of completion, each once. Null: none for now.
  [[nodiscard]] completion* next() noexcept;

  // Those that will be told, or have been.
  [[nodiscard]] std::uint32_t watched() const noexcept { return watched_; }
  [[nodiscard]] completion* last_added() const noexcept { return last_; }

  // For inspection, while the owner is kept from going on: will one that ends well do, or do all have to be done?
  [[nodiscard]] bool one_will_do() const noexcept {
    auto const asked = asked_.load(std::memory_order_relaxed);
    return (asked >> 32 & finished) != 0 || ((asked & 0xffffffff) == 1 && watched_ != 1);
  }
  // Likewise: watched, and the owner has not heard of its end.
  [[nodiscard]] static bool is_open(completion const& n) noexcept { return n.open_; }

  // Afterwards nobody is told any more, and nodes and futures may go. Idempotent.
  void leave() noexcept;

 private:
  void stack(completion&, job_state) noexcept;

  atomic<completion*> newest_{nullptr};
  atomic<std::uint64_t> asked_{0};        // ways << 32 | count
  atomic<parker*> who_{nullptr};
  atomic<std::uint32_t> let_go_{0};
  completion* last_ = nullptr;
  completion* seen_ = nullptr;            // the top when the owner looked last
  completion* upcoming_ = nullptr;        // seen there, and not given out by next() yet
  std::uint32_t watched_ = 0;
};

// Before they are watched: of nodes with the same future all but the first are emptied. The running task itself among
// them: deadlock_error.
void prepare(std::span<completion>);

}  // namespace weft::detail
