#include "scheduler/recording.hpp"

#include "scheduler/scheduler.hpp"

namespace weft::detail {
namespace {

thread_local bool by_worker = false;

occupant who_is_on(fiber const& f) noexcept {
  return f.current.load(std::memory_order_relaxed) != nullptr ? f.home->options.hooks->who(f) : occupant{};
}

}  // namespace

void record_switch(fiber const& from, fiber const& to, bool parks) noexcept {
  occupant const stops = who_is_on(from);
  record(happened::switched, who_is_on(to).task, stops.task, stopped::detail(parks, stops.waits_for));
}

[[gnu::noinline]] void record_wake(fiber const& f, woken_by by) noexcept {
  auto const who = who_is_on(f).task;
  if (who != 0) record(happened::woken, who, 0, static_cast<std::uint64_t>(by_worker ? woken_by::worker : by));
}

[[gnu::noinline]] void worker_acts::mark(bool yes) noexcept { by_worker = yes; }

}  // namespace weft::detail
