#include "runtime/inspection/schedtrace.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

#include "runtime/inspection/stderr.hpp"
#include "runtime/runtime_core.hpp"

namespace weft::detail {
namespace {

using std::chrono::milliseconds;
using time = std::chrono::steady_clock;

constexpr long longest = 86'400'000;  // ms: a day

// 0: none is asked for. A value that makes no sense is told of once.
milliseconds asked_for() {
  char const* const text = std::getenv("WEFT_SCHEDTRACE");
  if (text == nullptr || *text == 0) return {};
  std::string_view const value = text;
  long ms = 0;
  auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), ms);
  if (error == std::errc{} && end == value.data() + value.size() && ms >= 1 && ms <= longest) return milliseconds{ms};
  static std::atomic<bool> told{false};
  if (!told.exchange(true)) {
    write_to_stderr(std::string("weft: WEFT_SCHEDTRACE='").append(value) + "' is ignored: it takes milliseconds, from 1 to " +
                    std::to_string(longest) + '\n');
  }
  return {};
}

// One word, whatever its name is.
std::string one_word(std::string name) {
  std::ranges::replace_if(name, [](char c) { return static_cast<unsigned char>(c) <= ' '; }, '_');
  return name;
}

std::string line_of(runtime_metrics const& m, milliseconds since) {
  std::string line = "SCHED ";
  line.append(std::to_string(since.count())).append("ms: runtime=").append(one_word(m.name));
  auto const add = [&line](char const* name, std::uint64_t n) { line.append(" ").append(name).append("=").append(std::to_string(n)); };
  add("workers", m.awake + m.idle);
  add("idle", m.idle);
  add("stand_ins", m.stand_ins);
  add("tasks", m.live);
  add("suspended", m.suspended);
  add("injected", m.injected);
  add("steals", m.steals);
  add("blocking", m.blocking_threads);
  char before = '[';
  line += ' ';
  for (auto const& w : m.workers) {
    line += std::exchange(before, ' ');
    line += std::to_string(w.queued);
  }
  return line += "]\n";
}

class tracer {
 public:
  void add(runtime_core const& rt, milliseconds period) {
    std::lock_guard guard{lock_};
    all_.reserve(all_.size() + 1);
    if (all_.empty()) {
      without_signals const here;
      thread_ = std::jthread([this, period](std::stop_token over) { serve(over, period); });
      ::pthread_setname_np(thread_.native_handle(), "weft/schedtrace");
    }
    all_.push_back(&rt);
  }

  void remove(runtime_core const& rt) noexcept {
    std::jthread last;  // ends without the lock
    std::lock_guard guard{lock_};
    if (std::erase(all_, &rt) != 0 && all_.empty()) last = std::move(thread_);
  }

 private:
  void serve(std::stop_token over, milliseconds period) noexcept {
    std::unique_lock guard{lock_};
    auto const began = time::now();
    for (auto next = began + period; !awake_.wait_until(guard, over, next, [&over] { return over.stop_requested(); });) {
      auto const lines = lines_at(std::chrono::duration_cast<milliseconds>(time::now() - began));
      guard.unlock();
      write_to_stderr(lines);  // which may take long
      guard.lock();
      next = std::max(next + period, time::now());
    }
  }

  std::string lines_at(milliseconds since) const noexcept try {
    std::string lines;
    for (runtime_core const* const rt : all_) lines += line_of(metrics_of(*rt), since);
    return lines;
  } catch (std::bad_alloc const&) {
    return {};
  }

  std::mutex lock_;
  std::condition_variable_any awake_;
  std::vector<runtime_core const*> all_;
  std::jthread thread_;
};

// As the monitor's: it outlives static objects, and a forked child begins anew.
tracer*& current() {
  static tracer* one = [] {
    ::pthread_atfork(nullptr, nullptr, [] { current() = new tracer; });
    return new tracer;
  }();
  return one;
}

std::atomic<bool> in_use{false};

}  // namespace

void schedtrace::watch(runtime_core const& rt) noexcept try {
  auto const period = asked_for();
  if (period.count() == 0) return;
  in_use.store(true, std::memory_order_relaxed);
  current()->add(rt, period);
} catch (std::exception const& e) {
  write_to_stderr("weft: no trace for WEFT_SCHEDTRACE: ");
  write_to_stderr(e.what());
  write_to_stderr("\n");
}

void schedtrace::forget(runtime_core const& rt) noexcept {
  if (in_use.load(std::memory_order_relaxed)) current()->remove(rt);
}

}  // namespace weft::detail
