// Slabs of fiber blocks and their free list.
#include "scheduler/fiber.hpp"

#include <atomic>
#include <mutex>
#include <new>

#include "scheduler/context.hpp"

namespace weft::detail {
namespace {

struct slab {
  static constexpr std::size_t count = 64;
  slab* older = nullptr;
  fiber blocks[count];
};

std::mutex lock;
fiber* unused = nullptr;
std::atomic<slab*> newest{nullptr};

fiber* take_block() noexcept {
  std::lock_guard guard{lock};
  if (unused == nullptr) {
    auto* const s = new (std::nothrow) slab;
    if (s == nullptr) return nullptr;
    s->older = newest.load(std::memory_order_relaxed);
    for (auto& f : s->blocks) {
      f.next = unused;
      unused = &f;
    }
    newest.store(s, std::memory_order_release);
  }
  fiber* const f = unused;
  unused = f->next;
  f->next = nullptr;
  return f;
}

void give_block(fiber* f) noexcept {
  std::lock_guard guard{lock};
  f->next = unused;
  unused = f;
}

}  // namespace

fiber* acquire_fiber(stack_pool& stacks) noexcept {
  stack const memory = stacks.acquire();
  if (!memory) return nullptr;
  fiber* const f = take_block();
  if (f == nullptr) {
    stacks.release(memory, false);
    return nullptr;
  }
  f->memory = memory;
  f->top.store(memory.top(), std::memory_order_relaxed);
  f->stacks = &stacks;
  f->context.store(nullptr, std::memory_order_relaxed);
  f->current.store(nullptr, std::memory_order_relaxed);
  f->exceptions = {};
  f->saved_errno = 0;
  f->ready_since = 0;
  begin_fiber(*f);
  return f;
}

void release_fiber(fiber* f) noexcept {
  timer_wheel::remove(f->timer);
  end_fiber(*f);
  f->stacks->release(f->memory, true);
  f->memory = {};
  f->home = nullptr;
  give_block(f);
}

fiber* fiber_of_stack(void const* base) noexcept {
  for (slab* s = newest.load(std::memory_order_acquire); s != nullptr; s = s->older) {
    for (auto& f : s->blocks) {
      if (f.memory.base == base) return &f;
    }
  }
  return nullptr;
}

}  // namespace weft::detail
