#pragma once
// timer_wheel: the deadlines of parked fibers; one wheel per worker, hierarchical, with a short spin lock.
//
//   level 0   64 slots of one tick (2^16 ns); level n: 64 slots of 64^n ticks. An entry sits at the level of
//             the highest base-64 digit in which its tick differs from cur_. So all of a level is due before
//             the next level, slot by slot. Eight levels hold every 64-bit time: no deadline is clamped.
//   due_      the entries of the tick that is being fired, in order of deadline, then of linking.
//
// Who writes what
//   deadline   the entry's owner (whoever runs the fiber) only, without a lock. It is the truth; the links
//              are a reminder to look at it, at linked_at or when that tick ends.
//   linked_at  the deadline the links stand for; no_deadline: in no list. Changes under the lock of `home`.
//   home       set from null by the owner only, under the new home's lock; cleared under the home's own lock.
//   next, prev, order, position: under the lock of `home`; the owner's while home is null.
//   No code holds two locks.
//
// Why no armed deadline is lost
//   Invariant: an armed entry has linked_at <= deadline, or its owner is still inside arm(), or somebody who
//   has the lock is filing it, or somebody is about to fire it.
//   The owner writes deadline, then reads linked_at (arm). A runner that takes an entry out of its list, to
//   fire, drop, cascade or re-insert it, writes linked_at = no_deadline, then reads deadline (examine). All
//   four are seq_cst: either the runner sees the new deadline and files the entry by it, or the owner sees
//   that linked_at is too late and goes on under the home's lock. There the runner has finished: the entry is
//   in a list (compared again, and moved if need be) or its home is null (then the owner alone may link it).
//   So an arm() that meets a firing or cascading thread ends with the entry linked early enough, or fired
//   later. After home = null (release; pairs with arm's acquire) a runner never touches the links. What it
//   keeps is a pointer, for one more look at deadline and one fire. A fire may be stray, so it must be a mere
//   kick, and entries must be type-stable memory, also after remove().
// Lifetime: a wheel outlives every arm() and remove() of entries that may be linked in it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "scheduler/spin_lock.hpp"
#include <weft/detail/atomic.hpp>

namespace weft::detail {

class timer_wheel;

inline constexpr std::int64_t no_deadline = std::numeric_limits<std::int64_t>::max();

struct timer_entry {
  atomic<std::int64_t> deadline{no_deadline};  // nanoseconds of the clock
  atomic<std::int64_t> linked_at{no_deadline};
  atomic<timer_wheel*> home{nullptr};
  timer_entry* next = nullptr;
  timer_entry* prev = nullptr;
  std::uint32_t order = 0;  // of linking, modulo 2^32: equal deadlines fire in this order
  std::uint16_t position = 0;
};
static_assert(sizeof(timer_entry) <= 48);

// `up`: to the next tick, so that neighbours share one wake-up. `exact`: for virtual time, where a wake-up is
// free.
enum class timer_rounding : std::uint8_t { up, exact };

class timer_wheel {
 public:
  explicit timer_wheel(std::int64_t now, timer_rounding = timer_rounding::up) noexcept;
  timer_wheel(timer_wheel const&) = delete;
  timer_wheel& operator=(timer_wheel const&) = delete;
  ~timer_wheel();  // nobody else uses it; what is still linked is unlinked

  // The entry's owner. Costs no lock when the entry is already linked, in any wheel, at or before `when`.
  void arm(timer_entry&, std::int64_t when) noexcept;

  // The entry's owner. Leaves it linked: the next arm() is probably later, and then free.
  static void disarm(timer_entry& e) noexcept { e.deadline.store(no_deadline, std::memory_order_relaxed); }

  // The entry's owner, or anyone once it has none. Unlinks it wherever it is.
  static void remove(timer_entry&) noexcept;

  // Lower bound of the time at which run() has something to do; no_deadline: nothing linked.
  // Acquire: pairs with the release under the lock, so that who sees a bound sees the entry behind it.
  [[nodiscard]] std::int64_t next() const noexcept { return next_.load(std::memory_order_acquire); }

  // Fires what is due, in order of deadline; returns how many. Any thread, also several at once. No lock is
  // held during fire(timer_entry&), which must not throw and may arm. What becomes overdue meanwhile may have
  // to wait for the next run: then next() <= now.
  template <class Fire> std::size_t run(std::int64_t now, Fire&& fire) noexcept {
    if (next() > now) return 0;
    runners_.fetch_add(1, std::memory_order_relaxed);
    return fire_due(now, fire);
  }

  // The same, but nothing if another thread is at it.
  template <class Fire> std::size_t try_run(std::int64_t now, Fire&& fire) noexcept {
    if (next() > now) return 0;
    unsigned nobody = 0;
    if (!runners_.compare_exchange_strong(nobody, 1, std::memory_order_relaxed)) return 0;
    return fire_due(now, fire);
  }

 private:
  static constexpr unsigned levels = 8;
  static constexpr unsigned slots = 64;
  static constexpr std::uint16_t due_position = levels * slots;
  static constexpr std::size_t batch_size = 32;

  struct slot {
    timer_entry* head = nullptr;          // circular; head->prev is the newest
    std::int64_t earliest = no_deadline;  // when the first of them wants a run(); never too late
  };
  struct progress {
    std::int64_t now;
    std::int64_t drained = -1;  // the last tick of this run: each is drained once, so a run ends
    bool done = false;
  };
  using batch = std::array<timer_entry*, batch_size>;

  template <class Fire> std::size_t fire_due(std::int64_t now, Fire& fire) noexcept {
    std::size_t fired = 0;
    batch found;
    now = std::min(now, no_deadline - 1);  // no_deadline is never due
    for (progress p{now}; !p.done;) {
      std::size_t const n = collect(p, found);
      for (std::size_t i = 0; i < n; ++i) {
        // If the owner has moved it since examine(), the owner has linked it.
        if (found[i]->deadline.load(std::memory_order_relaxed) > now) continue;
        fire(*found[i]);
        ++fired;
      }
    }
    runners_.fetch_sub(1, std::memory_order_relaxed);
    return fired;
  }

  std::size_t collect(progress&, batch&) noexcept;
  bool advance(progress&) noexcept;
  void drain(slot&, progress const&) noexcept;
  [[nodiscard]] std::int64_t examine(timer_entry&) noexcept;
  void file(timer_entry&, std::int64_t when, std::uint64_t lowest) noexcept;
  void append(std::uint16_t position, timer_entry&) noexcept;
  void unlink(timer_entry&) noexcept;
  void let_go(timer_entry&) noexcept;
  [[nodiscard]] bool evict(timer_entry&, std::int64_t unless_by) noexcept;
  [[nodiscard]] std::int64_t earliest() const noexcept;
  [[nodiscard]] std::int64_t wake_time(std::int64_t when) const noexcept;

  atomic<std::int64_t> next_{no_deadline};
  atomic<unsigned> runners_{0};
  spin_lock lock_;
  // All below: under the lock.
  unsigned cascading_ = 0;  // the level whose slot at cur_ is being cascaded; 0: none
  std::uint32_t order_ = 0;
  std::int64_t const rounded_to_;  // later deadlines are not rounded up
  std::uint64_t cur_;              // the tick the levels are relative to; nothing is linked before it
  std::uint64_t floor_;  // >= cur_: overdue entries go here when armed, behind what a run has yet to drain
  std::array<std::uint64_t, levels> occupied_{};
  std::array<slot, levels * slots + 1> lists_{};  // the last: due_
};

}  // namespace weft::detail
