#pragma once
// job: a unit of work that nobody has started yet, or has. Claimed exactly once: by whoever dequeues it or joins it.
//
//   state_   queued --claim--> running --> finished | failed | cancelled
//   owners_  handles (24 bits) | entries: a queue's, or who runs it (8 bits) | weak handles: any_task (32 bits)
//
// Invariants
//   J1  A queue's entry is one of the owners: while an entry names the block, it is not recycled, so a stale entry
//       (a tombstone: the job was claimed in place by a joiner) can never claim the block's next life.
//   J2  Whoever dequeues an entry owns that reference and claims by CAS: a joiner may be claiming in place.
//   J3  Exception to J2, the fast path: the holder of the *only* handle who has popped the entry and sees the job still
//       queued claims by a plain store. Nobody else can: in-place claims need a handle, other dequeuers need the entry.
//       The order matters: first the handles (acquire), then the state, since a dropped copy may have claimed before.
//   J4  Who runs it inline for the only handle finishes by plain stores: nobody else can register or copy.
//   J5  A job without owners is a fork: it lies on the stack of whoever forked it, who stays until its entry is consumed. It is
//       never claimed in place, so no entry of it goes stale; but only who has its entry may look at it.
// Orders: claim (acquire) pairs with the release that queued the entry; release of a reference pairs with the acquire of
//   the last one; a plain load that shows one owner left is an acquire for the same reason.
#include <cstdint>

#include <weft/detail/atomic.hpp>

namespace weft::detail {

enum class job_state : std::uint32_t { queued, running, finished, failed, cancelled };

class job {
 public:
  static constexpr std::uint64_t one_handle = 1;
  static constexpr std::uint64_t one_entry = std::uint64_t{1} << 24;
  static constexpr std::uint64_t one_weak = std::uint64_t{1} << 32;
  static constexpr std::uint64_t no_owners = 0;

  explicit job(std::uint64_t owners, job_state s = job_state::queued) noexcept : owners_(owners), state_(s) {}
  job(job const&) = delete;
  job& operator=(job const&) = delete;

  [[nodiscard]] job_state state() const noexcept { return state_.load(std::memory_order_acquire); }

  [[nodiscard]] bool claim() noexcept {
    auto expected = job_state::queued;
    return state_.compare_exchange_strong(expected, job_state::running, std::memory_order_acq_rel,
                                          std::memory_order_relaxed);
  }
  void claim_unshared() noexcept { state_.store(job_state::running, std::memory_order_relaxed); }
  [[nodiscard]] bool unclaimed() const noexcept { return state_.load(std::memory_order_relaxed) == job_state::queued; }

  void set_state(job_state s) noexcept { state_.store(s, std::memory_order_release); }

  // One handle in the world. Stable while its holder is inside a call on it.
  [[nodiscard]] bool sole_handle() const noexcept {
    return (owners_.load(std::memory_order_acquire) & ~entries_mask) == one_handle;
  }

  // The same, weak handles apart: they do not count when a value is moved out.
  [[nodiscard]] bool last_handle() const noexcept {
    return (owners_.load(std::memory_order_acquire) & handles_mask) == one_handle;
  }

  // Whoever has an entry of it asks: any other job has that entry among its owners (J1).
  [[nodiscard]] bool is_fork() const noexcept { return owners_.load(std::memory_order_relaxed) == no_owners; }

  void add_owner(std::uint64_t what) noexcept { owners_.fetch_add(what, std::memory_order_relaxed); }

  // True: that was the last owner; the caller destroys the block.
  [[nodiscard]] bool drop_owner(std::uint64_t what) noexcept {
    return owners_.load(std::memory_order_acquire) == what ||
           owners_.fetch_sub(what, std::memory_order_acq_rel) == what;
  }

  // Set before the job is published: KiB of stack it wants; 0: its scheduler's default.
  std::uint32_t stack_kib = 0;
  // Nobody's but who queues it, and who has claimed it from a queue: scheduler/sampler.hpp.
  std::uint32_t ready_since = 0;

  // J4: the entry was popped, the handle is the only one: the runner's reference goes without an RMW.
  void drop_entry_unshared() noexcept { owners_.store(one_handle, std::memory_order_relaxed); }

  // Before it is published.
  void add_owner_unshared(std::uint64_t what) noexcept {
    owners_.store(owners_.load(std::memory_order_relaxed) + what, std::memory_order_relaxed);
  }

  // A recycled block's next life. Stores, not construction: stale entries and inspection may be looking.
  void reset(std::uint64_t owners, job_state s) noexcept {
    owners_.store(owners, std::memory_order_relaxed);
    state_.store(s, std::memory_order_relaxed);
    stack_kib = 0;
    ready_since = 0;
  }

 private:
  friend struct debug_layout;
  static constexpr std::uint64_t handles_mask = one_entry - 1;
  static constexpr std::uint64_t entries_mask = one_weak - one_entry;

  atomic<std::uint64_t> owners_;
  atomic<job_state> state_;
};

}  // namespace weft::detail
