// task_local: whose values count here, and how one is set.
#include <algorithm>

#include "runtime/task_locals.hpp"

namespace weft::detail {
namespace {

std::atomic<std::uint64_t> next_key{1};

thread_local task_locals* of_this_thread = nullptr;

// Apart from the pointer, so that destructors of other thread-locals may still ask for values, and find none.
struct thread_end {
  ~thread_end() { release(std::exchange(of_this_thread, nullptr)); }
};

[[gnu::noinline]] task_locals*& of_thread() noexcept {
  thread_local thread_end const end;
  (void)end;
  return of_this_thread;
}

}  // namespace

local_value const* task_locals::find(std::uint64_t key) const noexcept {
  auto const at = std::lower_bound(all_.begin(), all_.end(), key, [](entry const& e, std::uint64_t k) { return e.key < k; });
  return at != all_.end() && at->key == key ? at->value.get() : nullptr;
}

std::unique_ptr<local_value> task_locals::put(std::uint64_t key, std::unique_ptr<local_value> v) {
  auto const at = std::lower_bound(all_.begin(), all_.end(), key, [](entry const& e, std::uint64_t k) { return e.key < k; });
  if (at == all_.end() || at->key != key) {
    all_.insert(at, entry{key, shared_value(std::move(v))});
    return nullptr;
  }
  shared_value old(std::move(v));
  std::swap(at->value, old);
  return std::unique_ptr<local_value>(old.let_go());
}

void release(task_locals* s) noexcept {
  if (s != nullptr && s->drop_owner()) delete s;
}

[[gnu::noinline]] task_locals*& locals_here() noexcept {
  if (worker* const w = worker::current()) {
    future_core* const c = running_on(*w);
    return c != nullptr ? c->locals : w->running().locals;
  }
  future_core* const c = blocking_core_here();
  return c != nullptr ? c->locals : of_thread();
}

void drop_locals(future_core& c) noexcept { release(std::exchange(c.locals, nullptr)); }

std::uint64_t new_local_key() noexcept { return next_key.fetch_add(1, std::memory_order_relaxed); }

local_value const* find_local(std::uint64_t key) noexcept {
  task_locals const* const here = locals_here();
  return here != nullptr ? here->find(key) : nullptr;
}

void set_local(std::uint64_t key, std::unique_ptr<local_value> v) {
  task_locals*& slot = locals_here();
  if (slot != nullptr && slot->sole_owner()) {
    auto const old = slot->put(key, std::move(v));
    return;
  }
  auto own = slot != nullptr ? std::make_unique<task_locals>(*slot) : std::make_unique<task_locals>();
  (void)own->put(key, std::move(v));  // not destroyed here: the set it came from has a share too
  release(std::exchange(slot, own.release()));
}

}  // namespace weft::detail
