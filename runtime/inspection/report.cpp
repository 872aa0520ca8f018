#include "runtime/inspection/report.hpp"

#include <cstring>

#include "runtime/slab.hpp"
#include "scheduler/fiber.hpp"

namespace weft::detail {

std::string introduce(std::string_view name, std::uint64_t id, std::source_location spawned_at) {
  std::string text;
  introduce_to([&text](std::string_view piece) { text += piece; }, name, id, spawned_at);
  return text;
}

std::string introduce(task_info const& t) { return introduce(t.name, t.id, t.spawned_at); }

std::string introduce(future_core& c) {
  return introduce(name_of(c), c.id.load(std::memory_order_relaxed), c.site.load(std::memory_order_relaxed));
}

void introduce(fiber const& f, char* out, std::size_t n) noexcept {
  if (n == 0) return;
  std::size_t used = 0;
  auto const add = [&](std::string_view piece) {
    piece = piece.substr(0, n - 1 - used);
    std::memcpy(out + used, piece.data(), piece.size());
    used += piece.size();
  };
  auto const* const c = static_cast<future_core const*>(f.current.load(std::memory_order_relaxed));
  if (c == nullptr) {
    add("a worker's loop");
  } else {
    auto const id = c->id.load(std::memory_order_relaxed);
    char unnamed[32] = "task-";
    *std::to_chars(unnamed + 5, unnamed + sizeof unnamed - 1, id).ptr = 0;
    side_block const* const s = c->side.load(std::memory_order_acquire);
    introduce_to(add, s != nullptr && !s->name.empty() ? s->name.c_str() : unnamed, id, c->site.load(std::memory_order_relaxed));
  }
  out[used] = 0;
}

}  // namespace weft::detail
