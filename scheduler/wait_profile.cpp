#include "scheduler/wait_profile.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <new>
#include <unordered_map>

#include "scheduler/worker.hpp"

namespace weft::detail {
namespace {

constexpr std::size_t deepest = 64, places_per_table = 2048, table_count = 16;

std::int64_t now_us() noexcept {  // of this process: times as many as may wait it is still a number
  static auto const first = std::chrono::steady_clock::now();
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - first).count();
}

// Along the frame pointers, from here up to the stack's end. Code that keeps none leaves anything in their register: then what is
// read is some word of this stack, and the walk ends when one leads out of it, or down.
[[gnu::noinline, gnu::no_sanitize_address, gnu::no_sanitize_thread]] std::size_t walk(fiber const& self, std::array<void*, deepest>& into) noexcept {
  struct frame {
    std::uintptr_t caller;
    void* returns_to;
  };
  auto const end = reinterpret_cast<std::uintptr_t>(self.memory.top());
  auto at = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  for (std::size_t n = 0; n != into.size(); ++n) {
    if (at % alignof(frame) != 0 || at >= end || end - at < sizeof(frame)) return n;
    auto const& f = *reinterpret_cast<frame const*>(at);
    into[n] = f.returns_to;
    if (f.returns_to == nullptr || f.caller <= at) return n;
    at = f.caller;
  }
  return into.size();
}

}  // namespace

// Time as a balance: now is subtracted when a wait begins and added when it ends; those that wait count up to now.
struct profiled_wait::place {
  std::vector<void*> stack;
  std::int64_t balance = 0, waiting = 0;
  [[nodiscard]] std::int64_t us(std::int64_t now) const noexcept { return balance + waiting * now; }
};

// By a hash of the stack: 64 bits, and some thousand stacks. Places are never removed: who waits there comes back to it.
struct alignas(64) profiled_wait::table {
  std::mutex lock;  // of few at a time: workers have tables of their own
  std::unordered_map<std::uint64_t, place> places;
  place other;

  place& find(void* const* stack, std::size_t n) noexcept try {
    std::uint64_t hash = n;
    for (std::size_t i = 0; i != n; ++i) {
      hash = (hash ^ reinterpret_cast<std::uintptr_t>(stack[i])) * 0x9e3779b97f4a7c15ull;
      hash ^= hash >> 29;
    }
    if (auto const found = places.find(hash); found != places.end()) return found->second;
    if (places.size() == places_per_table) return other;
    std::vector<void*> copy(stack, stack + n);
    place& p = places[hash];
    p.stack = std::move(copy);
    return p;
  } catch (std::bad_alloc const&) {
    return other;
  }

  template <class F>
  void for_each(F&& f) {
    std::lock_guard guard{lock};
    for (auto& [hash, p] : places) f(p);
    f(other);
  }
};

namespace {

std::array<profiled_wait::table, table_count>& tables() {
  static auto* const all = new std::array<profiled_wait::table, table_count>;  // threads outlive static objects
  return *all;
}

}  // namespace

profiled_wait::profiled_wait(fiber const& self) noexcept : table_(tables()[worker::current()->index % table_count]) {
  std::array<void*, deepest> stack;
  auto const n = walk(self, stack);
  std::size_t const own = n == 0 ? 0 : 1;  // the first leads back here
  std::lock_guard guard{table_.lock};
  place_ = &table_.find(stack.data() + own, n - own);
  place_->balance -= now_us();
  ++place_->waiting;
}

profiled_wait::~profiled_wait() {
  std::lock_guard guard{table_.lock};
  place_->balance += now_us();
  --place_->waiting;
}

void begin_wait_profile(bool on) {
  for (auto& t : tables()) {
    auto const now = now_us();
    t.for_each([now](profiled_wait::place& p) { p.balance = -p.waiting * now; });
  }
  wait_profile_on.store(on, std::memory_order_relaxed);
}

void end_wait_profile() noexcept { wait_profile_on.store(false, std::memory_order_relaxed); }

std::vector<waits_at> read_wait_profile() {
  std::vector<waits_at> found;
  for (auto& t : tables()) {
    t.for_each([&found, now = now_us()](profiled_wait::place const& p) {
      if (auto const us = p.us(now); us > 0) found.push_back({p.stack, us});
    });
  }
  return found;
}

}  // namespace weft::detail
