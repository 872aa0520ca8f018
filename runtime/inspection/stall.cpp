// The report of a task that keeps its worker, on stderr: who it is, where it is, what to do.
#include "scheduler/stall.hpp"

#include <atomic>
#include <exception>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include "runtime/inspection/report.hpp"
#include "runtime/inspection/stderr.hpp"
#include "runtime/inspection/symbol.hpp"
#include "runtime/inspection/trace.hpp"
#include "runtime/runtime_core.hpp"

namespace weft::detail {
namespace {

std::string text_of(task_info const& who, stall const& s) {
  auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(s.held).count();
  std::string text = "weft: " + introduce(who) + " has kept its worker for " + std::to_string(ms) + " ms; it ";
  text += s.blocked ? "is blocked in a call of the system. weft::run_blocking() does that elsewhere"
                    : "computes. weft::this_task::checkpoint() or yield() lets others run";
  text += '\n';
  auto const frames = s.where.frames();
  if (!frames.empty()) text += s.blocked ? "  return addresses on its stack, old ones among them:\n" : "  where it is:\n";
  for (void* const frame : frames) text += "    " + describe_frame(frame) + '\n';
  return text;
}

void print(task_info const& who, stall const& s) noexcept try {
  write_to_stderr(text_of(who, s));
} catch (std::bad_alloc const&) {
}

std::atomic<bool> printing{false};

}  // namespace

// A thread of its own names the frames and prints: whoever is stuck may hold the loader's lock, or stderr may be full, and the monitor
// must not wait for either. One at a time.
bool report_stall(stall const& s) noexcept try {
  fiber const* const f = s.who.runs_on();
  auto* const c = f != nullptr ? static_cast<future_core*>(f->current.load(std::memory_order_acquire)) : nullptr;
  if (c == nullptr) return false;
  auto who = look_at(*c, c->generation.load(std::memory_order_acquire), clock::now().time_since_epoch());
  if (!who || f->current.load(std::memory_order_relaxed) != c || !s.goes_on()) return false;
  if (printing.exchange(true, std::memory_order_acquire)) return false;
  try {
    std::thread([who = std::move(*who), s]() noexcept {  // s.who may be gone by then
      print(who, s);
      write_trace_of_stall();
      printing.store(false, std::memory_order_release);
    }).detach();
  } catch (...) {
    printing.store(false, std::memory_order_release);
    throw;
  }
  return true;
} catch (std::exception const&) {
  return false;  // no memory or thread for it
}

}  // namespace weft::detail
