#pragma once
// stack: the memory a fiber runs on. stack_pool: where it comes from, one pool per size class.
//
// The address space of one stack, twice what the class promises (an inlined task gets its promise too):
//
//   low | guard: 64 KiB, or 1 page for small stacks | usable: base ......................... top | high
//
// Stacks lie side by side in slabs of one mapping each. Nothing is ever unmapped, so that a late look at a
// stack's address (overflow report, inspection) always finds it. Measured: a page more from one to the next, so that their tops fall into
// different sets of the TLB, makes no difference to 1000 fibers that yield.

#include <atomic>
#include <cstddef>
#include <mutex>

#include <sys/types.h>
#include <sys/uio.h>

namespace weft::detail {

struct stack_slot;  // the pool's record of one stack; lies outside of it

struct stack {
  std::byte* base = nullptr;
  std::size_t size = 0;
  bool guarded = false;  // false: overflow is only seen by canary_intact()
  stack_slot* slot = nullptr;

  explicit operator bool() const noexcept { return base != nullptr; }
  [[nodiscard]] std::byte* top() const noexcept { return base + size; }
};

// False: the stack has no guard and something wrote over its lowest word. Always true with a guard.
[[nodiscard]] bool canary_intact(stack const& s) noexcept;

struct stack_stats {
  std::size_t mapped = 0;     // stacks that have address space
  std::size_t in_use = 0;     // stacks acquired and not released
  std::size_t unguarded = 0;  // stacks for which no guard was to be had
};

// Thread-safe. Pools live as long as the process.
class stack_pool {
 public:
  // The pool for stacks of at least `promised` bytes (in whole pages, not below 16 KiB). Throws bad_alloc.
  static stack_pool& of(std::size_t promised);

  stack_pool(stack_pool const&) = delete;
  stack_pool& operator=(stack_pool const&) = delete;

  // An empty stack: none to be had now (no memory, or the limit).
  [[nodiscard]] stack acquire() noexcept;

  // Nobody may run on it any more. cold: it may have many pages; they go back to the kernel, in batches and
  // the oldest first. Others keep their pages.
  void release(stack s, bool cold) noexcept;

  // At most so many in use at once; 0: no limit.
  void limit(std::size_t max_stacks) noexcept { limit_.store(max_stacks, std::memory_order_relaxed); }

  [[nodiscard]] std::size_t promised() const noexcept { return promised_; }
  [[nodiscard]] std::size_t mapped() const noexcept { return mapped_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t in_use() const noexcept { return in_use_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t unguarded() const noexcept { return unguarded_.load(std::memory_order_relaxed); }
  [[nodiscard]] static stack_stats total() noexcept;  // over all pools

  // The stack whose usable bytes or guard hold `addr`. Async-signal-safe.
  [[nodiscard]] static bool locate(void const* addr, stack& out, bool& in_guard) noexcept;

 private:
  struct slab;
  explicit stack_pool(std::size_t promised) noexcept;

  stack_slot* take() noexcept;
  stack_slot* map_slab() noexcept;
  stack_slot* cut_oldest_cold() noexcept;
  void give_back(stack_slot* batch) noexcept;
  void install_guard(stack_slot& slot) noexcept;
  stack view(stack_slot& slot) const noexcept;

  static std::atomic<stack_pool*> pools_;
  static std::atomic<slab*> slabs_;

  std::size_t const promised_;
  std::size_t const span_;   // address space of one stack
  std::size_t const guard_;  // the part of it below base
  stack_pool* older_ = nullptr;
  std::atomic<std::size_t> limit_{0};
  std::atomic<std::size_t> mapped_{0};
  std::atomic<std::size_t> in_use_{0};
  std::atomic<std::size_t> unguarded_{0};

  std::mutex mutex_;             // the lists below, all last in, first out
  stack_slot* hot_ = nullptr;    // released, few pages
  stack_slot* cold_ = nullptr;   // released, pages to be given back
  stack_slot* clean_ = nullptr;  // pages given back
  stack_slot* fresh_ = nullptr;  // never handed out, no guard yet
  std::size_t cold_count_ = 0;
};

// What the pool asks of the system; a test puts its own functions here while nobody else uses a pool.
struct stack_syscalls {
  void* (*mmap)(void*, std::size_t, int, int, int, off_t) noexcept;
  int (*madvise)(void*, std::size_t, int) noexcept;
  bool (*give_back)(iovec const*, std::size_t n) noexcept;  // all of them in one call; false: it cannot
  int (*mprotect)(void*, std::size_t, int) noexcept;
  std::size_t (*max_map_count)() noexcept;
};
extern stack_syscalls stack_system;

}  // namespace weft::detail
