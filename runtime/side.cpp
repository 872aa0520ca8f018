// Names, messages: the lazily made side block of a core.
#include <array>
#include <cstdint>

#include "runtime/slab.hpp"
#include "scheduler/recorder.hpp"

namespace weft::detail {

std::mutex& side_lock(future_core const& c) noexcept {
  static std::array<std::mutex, 64> stripes;
  return stripes[(reinterpret_cast<std::uintptr_t>(&c) >> 6) % stripes.size()];
}

side_block& side_of(future_core& c) {
  side_block* s = c.side.load(std::memory_order_relaxed);
  if (s == nullptr) {
    s = new side_block;
    c.side.store(s, std::memory_order_release);
  }
  return *s;
}

void drop_side(future_core& c, side_block* s) noexcept {
  {
    std::lock_guard guard{side_lock(c)};
    c.side.store(nullptr, std::memory_order_relaxed);
  }
  delete s;
}

std::string name_of(future_core& c) {
  {
    std::lock_guard guard{side_lock(c)};
    side_block const* const s = c.side.load(std::memory_order_relaxed);
    if (s != nullptr && !s->name.empty()) return s->name;
  }
  if (c.kind == core_kind::promise) return "a promise";
  return "task-" + std::to_string(c.id.load(std::memory_order_relaxed));
}

void set_name(future_core& c, std::string name) {
  std::lock_guard guard{side_lock(c)};
  std::string& kept = side_of(c).name;
  kept.swap(name);
  bool const spawned = c.rt.load(std::memory_order_relaxed) != nullptr;  // else record_spawn() has it
  if (spawned && recording()) [[unlikely]] record_name(c.id.load(std::memory_order_relaxed), kept);
}

}  // namespace weft::detail
