#include "runtime/inspection/task_records.hpp"

#include <bit>
#include <mutex>

#include "runtime/slab.hpp"
#include "scheduler/fiber.hpp"
#include <weft/detail/awaited.hpp>

namespace weft::detail {
namespace {

std::uint64_t id_of(future_core const* c) noexcept { return c != nullptr ? c->id.load(std::memory_order_relaxed) : 0; }

}  // namespace

// A pointer, of user space, to what lives as long as the code.
std::uint64_t word_of(std::source_location s) noexcept {
  static_assert(sizeof s == sizeof(std::uint64_t));
  return std::bit_cast<std::uint64_t>(s);
}

std::source_location site_of(std::uint64_t word) noexcept { return std::bit_cast<std::source_location>(word); }

void record_spawn(future_core& c) noexcept {
  auto const id = id_of(&c);
  record(happened::spawned, id, c.parent.load(std::memory_order_relaxed), word_of(c.site.load(std::memory_order_relaxed)));
  if (c.kind == core_kind::callback) record_name(id, "a callback");
  if (c.side.load(std::memory_order_relaxed) == nullptr) return;
  std::lock_guard guard{side_lock(c)};
  record_name(id, c.side.load(std::memory_order_relaxed)->name);
}

void record_begin(future_core const& c) noexcept { record(happened::begins, id_of(&c), id_of(c.outer)); }

void record_end(future_core const& c, job_state s) noexcept {
  record(happened::ends, id_of(&c), id_of(c.outer), static_cast<std::uint64_t>(s));
}

occupant recorded_occupant(fiber const& f) noexcept {
  auto const* const c = static_cast<future_core const*>(f.current.load(std::memory_order_relaxed));
  return {id_of(c), static_cast<std::uint8_t>(awaited(f.waits_for.load(std::memory_order_relaxed)).what())};
}

}  // namespace weft::detail
