// Type-stable memory for future_cores: size classes, a cache per thread, chunks that are never unmapped.
#include "runtime/slab.hpp"

#include <array>
#include <iterator>
#include <mutex>
#include <new>

#include "runtime/inspection/debug_layout.hpp"

namespace weft::detail {

constinit std::atomic<chunk*> newest_chunk{nullptr};

namespace {

[[gnu::used]] debug_layout const* const for_debuggers = &weft_debug_layout;  // so that every program has the table

constexpr auto const& class_size = core_size_class;
constexpr std::size_t chunk_bytes = 64 * 1024;
constexpr unsigned cache_limit = 128, batch = 64;

struct size_class {
  std::mutex lock;
  future_core* unused = nullptr;  // linked by `next`
};

std::array<size_class, std::size(class_size)> classes;

future_core* next_of(future_core* c) noexcept { return static_cast<future_core*>(c->next); }

// Under the class's lock.
bool add_chunk(std::size_t k) noexcept {
  void* const memory = ::operator new(chunk_bytes, std::align_val_t{64}, std::nothrow);
  if (memory == nullptr) return false;
  auto* const c = ::new (memory) chunk{nullptr, class_size[k], (chunk_bytes - chunk::first) / class_size[k]};
  for (std::size_t i = c->count; i-- != 0;) {
    auto* const core = ::new (&c->at(i)) future_core;
    core->size_class = static_cast<std::uint8_t>(k);
    core->next = classes[k].unused;
    classes[k].unused = core;
  }
  c->older = newest_chunk.load(std::memory_order_relaxed);
  while (!newest_chunk.compare_exchange_weak(c->older, c, std::memory_order_release, std::memory_order_relaxed)) {
  }
  return true;
}

struct cache {
  struct {
    future_core* head = nullptr;
    unsigned size = 0;
  } of[std::size(class_size)];

  ~cache() {
    for (std::size_t k = 0; k != std::size(class_size); ++k) give_back(k, of[k].size);
  }

  bool refill(std::size_t k) noexcept {
    std::lock_guard guard{classes[k].lock};
    while (of[k].size < batch) {
      if (classes[k].unused == nullptr && !add_chunk(k)) break;
      future_core* const c = classes[k].unused;
      classes[k].unused = next_of(c);
      c->next = of[k].head;
      of[k].head = c;
      ++of[k].size;
    }
    return of[k].size != 0;
  }

  void give_back(std::size_t k, unsigned n) noexcept {
    std::lock_guard guard{classes[k].lock};
    for (; n != 0; --n) {
      future_core* const c = of[k].head;
      of[k].head = next_of(c);
      --of[k].size;
      c->next = classes[k].unused;
      classes[k].unused = c;
    }
  }
};

thread_local cache* mine = nullptr;  // of `held`, without its guard

[[gnu::noinline]] cache& make_local() noexcept {
  thread_local cache held;
  mine = &held;
  return held;
}

// Callers are functions that never suspend, and not inlined: the address is taken anew after every switch of threads.
cache& local() noexcept { return mine != nullptr ? *mine : make_local(); }

}  // namespace

[[gnu::noinline]] future_core& allocate_core_of(std::size_t k) {
  cache& here = local();
  if (here.of[k].head == nullptr && !here.refill(k)) throw std::bad_alloc();
  future_core& c = *here.of[k].head;
  here.of[k].head = next_of(&c);
  --here.of[k].size;

  auto const generation = c.generation.load(std::memory_order_relaxed) + 1;
  c.reset(job::one_handle + job::one_entry, job_state::queued);
  c.waiters.reset();
  c.requests.store(std::uint64_t{generation} << 32, std::memory_order_relaxed);
  c.rt.store(nullptr, std::memory_order_relaxed);  // not to be seen by inspection before it has its identity
  c.kind = core_kind::task;
  c.flags.store(0, std::memory_order_relaxed);
  c.generation.store(generation, std::memory_order_release);  // pairs with the acquire in for_each_core
  return c;
}

namespace {

[[gnu::always_inline]] inline void recycle(future_core& c) noexcept {
  if (side_block* const s = c.side.load(std::memory_order_relaxed)) drop_side(c, s);
  c.generation.store(c.generation.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  std::atomic_thread_fence(std::memory_order_release);  // before the next life's stores; pairs with the reader's re-check
  cache& here = local();
  std::size_t const k = c.size_class;
  c.next = here.of[k].head;
  here.of[k].head = &c;
  if (++here.of[k].size > cache_limit) here.give_back(k, batch);
}

}  // namespace

[[gnu::noinline]] void free_core(future_core& c) noexcept {
  if (c.locals != nullptr) [[unlikely]] drop_locals(c);  // its launch has failed: its parent has them, so none is destroyed
  recycle(c);
}

[[gnu::noinline]] void destroy(future_core& c) noexcept {
  if (c.state() == job_state::finished && c.ops->trivial && c.locals == nullptr) [[likely]] {
    recycle(c);
  } else {
    destroy_result_of(c);  // which may suspend
  }
}

void for_each_core(void (*see)(future_core&, std::uint32_t generation, void*), void* context) {
  for (chunk* c = newest_chunk.load(std::memory_order_acquire); c != nullptr; c = c->older) {
    for (std::size_t i = 0; i != c->count; ++i) {
      auto const generation = c->at(i).generation.load(std::memory_order_acquire);
      if ((generation & 1) != 0) see(c->at(i), generation, context);
    }
  }
}

}  // namespace weft::detail
