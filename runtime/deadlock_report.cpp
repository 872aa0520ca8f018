#include "runtime/deadlock_report.hpp"

#include <cstdlib>
#include <exception>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>

#include "runtime/dump.hpp"
#include "runtime/stderr.hpp"

namespace weft::detail {
namespace {

// Ids are never used again, so they name a circle.
bool is_new(wait_graph const& g, wait_graph::circle const& c) {
  static std::mutex lock;
  static auto* const told = new std::set<std::uint64_t>;  // outlives static destructors
  std::lock_guard guard{lock};
  bool any = false;
  for (auto const i : c) any = told->insert(g.nodes()[i].info.id).second || any;
  return any;
}

}  // namespace

bool reports_deadlocks() noexcept {
  static bool const asked = [] {
    char const* const value = std::getenv("WEFT_DEBUG");
    return value != nullptr && std::string_view(value) == "1";
  }();
  return asked;
}

// Written by a thread of its own: stderr may be full, and the monitor must not wait for it.
void report_deadlocks(scheduler& s) noexcept try {
  each_runtime([&s](runtime_core const& rt) {
    if (rt.sched.get() != &s) return;
    wait_graph const g(rt);
    auto circles = g.deadlocks();
    std::erase_if(circles, [&g](auto const& c) { return !is_new(g, c); });
    if (circles.empty()) return;
    std::thread([text = "weft: runtime '" + rt.options.name + "' has come to rest over a deadlock:\n" + text_of_deadlocks(g, circles)] { write_to_stderr(text); }).detach();
  });
} catch (std::exception const&) {
  // no memory or thread for it
}

}  // namespace weft::detail
