#include "runtime/deadlock_report.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "runtime/debug.hpp"
#include "runtime/dump.hpp"
#include "runtime/stderr.hpp"

namespace weft::detail {
namespace {

// Ids are never used again, so they name a circle.
bool is_new(debug_reports& told, wait_graph const& g, wait_graph::circle const& c) {
  std::string ids = "deadlock";
  for (auto const i : c) ids.append(" ").append(std::to_string(g.nodes()[i].info.id));
  return told.is_new(std::move(ids));
}

}  // namespace

// Written by a thread of its own: stderr may be full, and the monitor must not wait for it.
void report_deadlocks(scheduler& s) noexcept try {
  each_runtime([&s](runtime_core const& rt) {
    if (rt.sched.get() != &s || rt.debug == nullptr) return;
    wait_graph const g(rt);
    auto circles = g.deadlocks();
    std::erase_if(circles, [&](auto const& c) { return !is_new(*rt.debug, g, c); });
    if (circles.empty()) return;
    std::thread([text = "weft: runtime '" + rt.options.name + "' has come to rest over a deadlock:\n" + text_of_deadlocks(g, circles)] { write_to_stderr(text); }).detach();
  });
} catch (std::exception const&) {
  // no memory or thread for it
}

}  // namespace weft::detail
