#include "runtime/inspection/deadlock_report.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include "runtime/inspection/debug.hpp"
#include "runtime/inspection/dump.hpp"
#include "runtime/inspection/stderr.hpp"

namespace weft::detail {
namespace {

// Ids are never used again, so they name a circle.
bool is_new(debug_reports& told, wait_graph const& g, wait_graph::circle const& c) {
  std::string ids = "deadlock";
  for (auto const i : c) ids.append(" ").append(std::to_string(g.nodes()[i].info.id));
  return told.is_new(std::move(ids));
}

// Of all runtimes that want it, though only one may have come to rest: a circle is one, whoever else runs.
void tell_deadlocks() noexcept try {
  std::string text;
  each_runtime([&text](runtime_core const& rt) {
    if (rt.debug == nullptr) return;
    wait_graph const g(rt, wait_graph::frames_too::yes);
    auto circles = g.deadlocks();
    std::erase_if(circles, [&](auto const& c) { return !is_new(*rt.debug, g, c); });
    if (circles.empty()) return;
    text.append("weft: runtime '").append(rt.options.name).append("' has come to rest over a deadlock:\n").append(text_of_deadlocks(g, circles, wait_graph::frames_too::yes));
  });
  if (!text.empty()) write_to_stderr(text);
} catch (std::bad_alloc const&) {
  // no memory for it
}

}  // namespace

// By a thread of its own, one at a time: with many tasks the look takes long, stderr may be full, and the monitor waits for neither.
void report_deadlocks(scheduler&) noexcept {
  static constinit std::atomic<unsigned> asked{0};
  if (asked.fetch_add(1, std::memory_order_acq_rel) != 0) return;  // that thread looks once more
  try {
    std::thread([] {
      for (auto n = asked.load(std::memory_order_relaxed); n != 0; n = asked.fetch_sub(n, std::memory_order_acq_rel) - n) tell_deadlocks();
    }).detach();
  } catch (std::exception const&) {
    asked.store(0, std::memory_order_relaxed);
  }
}

}  // namespace weft::detail
