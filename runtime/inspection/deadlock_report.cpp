#include "runtime/inspection/deadlock_report.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "runtime/inspection/aside.hpp"
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

// With many tasks the look takes long, and the monitor does not wait for it.
void report_deadlocks(scheduler&) noexcept {
  static constinit aside report{&tell_deadlocks};
  report.ask();
}

}  // namespace weft::detail
