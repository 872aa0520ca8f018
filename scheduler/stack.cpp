// stack_pool: slabs, guards and free lists of fiber stacks.
#include "scheduler/stack.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scheduler/sanitizers.hpp"
#include "scheduler/small_file.hpp"

#if defined(WEFT_ASAN)
#include <sanitizer/asan_interface.h>
#endif

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102  // Linux 6.13; older headers lack it
#endif

namespace weft::detail {

namespace {

constexpr std::size_t smallest_promise = std::size_t{16} << 10;
constexpr std::size_t largest_promise = std::size_t{1} << 62;  // mmap refuses, and 2 x is a size_t
constexpr std::size_t wide_guard = std::size_t{64} << 10;      // a big frame can jump over a single page
constexpr std::size_t slab_bytes = std::size_t{64} << 20;
constexpr std::size_t slab_stacks = 64;
constexpr std::size_t cold_kept = 64;   // the newest cold stacks keep their pages: they are needed soonest
constexpr std::size_t cold_batch = 32;  // given back at once: the extra locking is seldom

std::size_t page_size() noexcept {
  static std::size_t const size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

std::size_t round_promise(std::size_t promised) noexcept {
  auto const page = page_size();
  return (std::clamp(promised, smallest_promise, largest_promise) + page - 1) / page * page;
}

// The wide guard must leave room for the promise and half as much again.
std::size_t guard_for(std::size_t promised) noexcept {
  return promised >= 2 * wide_guard ? std::max(wide_guard, page_size()) : page_size();
}

// Linux 6.14. Each madvise of its own would interrupt every other CPU to flush its TLB: measured 19 us a stack, against 2.
bool give_back_at_once(iovec const* pages, std::size_t n) noexcept {
  constexpr int self = -10000;  // PIDFD_SELF_THREAD; older headers lack it
  std::size_t bytes = 0;
  for (std::size_t i = 0; i != n; ++i) bytes += pages[i].iov_len;
  auto const done = ::syscall(SYS_process_madvise, self, pages, n, MADV_DONTNEED, 0);
  return done >= 0 && static_cast<std::size_t>(done) == bytes;
}

std::size_t read_max_map_count() noexcept {
  char text[32];
  auto const count = std::strtoul(read_small_file("/proc/sys/vm/max_map_count", text).data(), nullptr, 10);
  return count != 0 ? count : 65530;  // the kernel's default, where /proc is missing
}

// Every mprotect guard splits its mapping: 2 mappings more. The process may have max_map_count of them; we
// take a quarter. Read anew each time, so that raising the sysctl helps a running process.
std::atomic<std::size_t> mprotect_guards{0};

bool take_from_budget() noexcept {
  auto const most = stack_system.max_map_count() / 4 / 2;
  if (mprotect_guards.fetch_add(1, std::memory_order_relaxed) < most) return true;
  mprotect_guards.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void warn_unguarded_once() noexcept {
  static std::atomic<bool> warned{false};
  if (warned.exchange(true, std::memory_order_relaxed)) return;
  char line[256];
  int const n = std::snprintf(
      line, sizeof line,
      "weft: no more guard pages for stacks (%zu in use, vm.max_map_count=%zu): overflow of the others is "
      "only checked when they suspend; raise the sysctl vm.max_map_count\n",
      mprotect_guards.load(std::memory_order_relaxed), stack_system.max_map_count());
  [[maybe_unused]] auto const written =
      ::write(STDERR_FILENO, line, std::min(static_cast<std::size_t>(n), sizeof line - 1));
}

// Differs from stack to stack: a copy of one stack's bytes over another must not look right.
std::uint64_t canary_of(std::byte const* base) noexcept {
  return 0x77656674'63616e79u ^ reinterpret_cast<std::uintptr_t>(base);
}

}  // namespace

enum class guard_state : unsigned char { none_yet, installed, canary };

struct stack_slot {
  stack_slot* next = nullptr;  // in one of the pool's lists, under its lock
  std::byte* base = nullptr;
  std::atomic<guard_state> guard{guard_state::none_yet};  // written by the first owner, before it runs there
};

struct stack_pool::slab {
  stack_pool* pool;
  slab* older;
  std::uintptr_t begin;
  std::size_t bytes;
  stack_slot slots[slab_stacks];
};

stack_syscalls stack_system{::mmap, ::madvise, give_back_at_once, ::mprotect, read_max_map_count};

constinit std::atomic<stack_pool*> stack_pool::pools_{nullptr};
constinit std::atomic<stack_pool::slab*> stack_pool::slabs_{nullptr};

bool canary_intact(stack const& s) noexcept {
  return s.guarded || *reinterpret_cast<std::uint64_t const volatile*>(s.base) == canary_of(s.base);
}

stack_pool::stack_pool(std::size_t promised) noexcept
    : promised_(promised), span_(2 * promised), guard_(guard_for(promised)) {}

stack_pool& stack_pool::of(std::size_t promised) {
  promised = round_promise(promised);
  auto const find = [promised]() noexcept {
    // acquire: pairs with the release below; the pool is seen whole.
    stack_pool* pool = pools_.load(std::memory_order_acquire);
    while (pool != nullptr && pool->promised_ != promised) pool = pool->older_;
    return pool;
  };
  if (stack_pool* const known = find()) return *known;
  static std::mutex adding;
  std::scoped_lock const lock(adding);
  if (stack_pool* const known = find()) return *known;
  auto* const pool = new stack_pool(promised);
  pool->older_ = pools_.load(std::memory_order_relaxed);
  pools_.store(pool, std::memory_order_release);  // pairs with the acquire in find and in total()
  return *pool;
}

stack_stats stack_pool::total() noexcept {
  stack_stats sum;
  // acquire: pairs with the release in of().
  for (stack_pool const* p = pools_.load(std::memory_order_acquire); p != nullptr; p = p->older_) {
    sum.mapped += p->mapped();
    sum.in_use += p->in_use();
    sum.unguarded += p->unguarded();
  }
  return sum;
}

stack stack_pool::view(stack_slot& slot) const noexcept {
  bool const guarded = slot.guard.load(std::memory_order_relaxed) == guard_state::installed;
  return {slot.base, span_ - guard_, guarded, &slot};
}

stack stack_pool::acquire() noexcept {
  stack_slot* const slot = take();
  if (slot == nullptr) return {};
  if (slot->guard.load(std::memory_order_relaxed) == guard_state::none_yet) {
    install_guard(*slot);
  } else {
#ifdef WEFT_ASAN
    // Frames that never returned leave their red zones.
    __asan_unpoison_memory_region(slot->base, span_ - guard_);
#endif
  }
  stack const s = view(*slot);
  if (!s.guarded) *reinterpret_cast<std::uint64_t volatile*>(s.base) = canary_of(s.base);
  return s;
}

stack_slot* stack_pool::take() noexcept {
  std::scoped_lock const lock(mutex_);
  auto const in_use = in_use_.load(std::memory_order_relaxed);
  auto const limit = limit_.load(std::memory_order_relaxed);
  if (limit != 0 && in_use >= limit) return nullptr;
  if (hot_ == nullptr && cold_ == nullptr && clean_ == nullptr && fresh_ == nullptr) fresh_ = map_slab();
  for (stack_slot** list : {&hot_, &cold_, &clean_, &fresh_}) {
    stack_slot* const slot = *list;
    if (slot == nullptr) continue;
    *list = slot->next;
    if (list == &cold_) --cold_count_;
    in_use_.store(in_use + 1, std::memory_order_relaxed);
    return slot;
  }
  return nullptr;
}

// Under the lock. A list of new slots, or null.
stack_slot* stack_pool::map_slab() noexcept {
  auto* const s = new (std::nothrow) slab;
  if (s == nullptr) return nullptr;
  // Half as many where the whole is refused: near a limit a few stacks are better than none.
  std::size_t count = std::clamp(slab_bytes / span_, std::size_t{1}, slab_stacks);
  void* memory = MAP_FAILED;
  for (; count != 0; count /= 2) {
    memory = stack_system.mmap(nullptr, count * span_, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory != MAP_FAILED) break;
  }
  if (memory == MAP_FAILED) {
    delete s;
    return nullptr;
  }
  // Else a first touch could cost 2 MiB. Refused where the kernel has no huge pages: just as well.
  stack_system.madvise(memory, count * span_, MADV_NOHUGEPAGE);

  s->pool = this;
  s->begin = reinterpret_cast<std::uintptr_t>(memory);
  s->bytes = count * span_;
  for (std::size_t i = 0; i != count; ++i) {
    s->slots[i].base = static_cast<std::byte*>(memory) + i * span_ + guard_;
    s->slots[i].next = i + 1 != count ? &s->slots[i + 1] : nullptr;
  }
  s->older = slabs_.load(std::memory_order_relaxed);
  // release: pairs with the acquire in locate(); the slab is seen whole.
  while (!slabs_.compare_exchange_weak(s->older, s, std::memory_order_release, std::memory_order_relaxed)) {
  }
  mapped_.fetch_add(count, std::memory_order_relaxed);
  return &s->slots[0];
}

void stack_pool::install_guard(stack_slot& slot) noexcept {
  void* const low = slot.base - guard_;
  auto state = guard_state::installed;
  if (stack_system.madvise(low, guard_, MADV_GUARD_INSTALL) != 0) {
    bool const budget = take_from_budget();
    if (!budget || stack_system.mprotect(low, guard_, PROT_NONE) != 0) {
      if (budget) mprotect_guards.fetch_sub(1, std::memory_order_relaxed);
      state = guard_state::canary;
      unguarded_.fetch_add(1, std::memory_order_relaxed);
      warn_unguarded_once();
    }
  }
  slot.guard.store(state, std::memory_order_relaxed);
}

void stack_pool::release(stack s, bool cold) noexcept {
  assert(s.slot != nullptr && s.slot->base == s.base && s.size == span_ - guard_);
  stack_slot* batch = nullptr;
  {
    std::scoped_lock const lock(mutex_);
    auto const in_use = in_use_.load(std::memory_order_relaxed);
    assert(in_use != 0);
    in_use_.store(in_use - 1, std::memory_order_relaxed);
    stack_slot*& list = cold ? cold_ : hot_;
    s.slot->next = list;
    list = s.slot;
    if (cold && ++cold_count_ == cold_kept + cold_batch) batch = cut_oldest_cold();
  }
  if (batch != nullptr) give_back(batch);
}

// Under the lock.
stack_slot* stack_pool::cut_oldest_cold() noexcept {
  stack_slot* last_kept = cold_;
  for (std::size_t i = 1; i != cold_kept; ++i) last_kept = last_kept->next;
  stack_slot* const batch = last_kept->next;
  last_kept->next = nullptr;
  cold_count_ = cold_kept;
  return batch;
}

// Not under the lock: some microseconds per stack. A failure only leaves the pages where they are.
void stack_pool::give_back(stack_slot* batch) noexcept {
  std::array<iovec, cold_batch> pages{};
  stack_slot* last = nullptr;
  auto* slot = batch;
  for (iovec& p : pages) {
    p = {slot->base, span_ - guard_};
    last = std::exchange(slot, slot->next);
  }
  if (!stack_system.give_back(pages.data(), pages.size())) {
    for (auto const& p : pages) stack_system.madvise(p.iov_base, p.iov_len, MADV_DONTNEED);
  }
  std::scoped_lock const lock(mutex_);
  last->next = clean_;
  clean_ = batch;
}

bool stack_pool::locate(void const* addr, stack& out, bool& in_guard) noexcept {
  auto const at = reinterpret_cast<std::uintptr_t>(addr);
  // acquire: pairs with the release in map_slab().
  for (slab* s = slabs_.load(std::memory_order_acquire); s != nullptr; s = s->older) {
    std::size_t const offset = at - s->begin;  // huge if `at` lies below
    if (offset >= s->bytes) continue;
    out = s->pool->view(s->slots[offset / s->pool->span_]);
    in_guard = offset % s->pool->span_ < s->pool->guard_;
    return true;
  }
  return false;
}

}  // namespace weft::detail
