#include "scheduler/monitor.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <new>
#include <optional>
#include <ranges>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "scheduler/cpu_count.hpp"
#include "scheduler/scheduler.hpp"
#include "scheduler/small_file.hpp"
#include "scheduler/stall.hpp"
#include "scheduler/thread_setting.hpp"

namespace weft::detail {
namespace {

using namespace std::chrono_literals;
using time = std::chrono::steady_clock;

constexpr time::duration period = 1ms, long_period = 10ms;  // between looks; of a longer one no more than that counts
constexpr time::duration long_idle = 50ms;                  // all asleep for so long: no more looks
constexpr time::duration long_surplus = 50ms;               // more than enough are able for so long: a stand-in goes
constexpr time::duration long_held = 300us;                 // who holds a worker for so long is stuck
constexpr time::duration between_reports = 1s;             // and for an answer to where a thread is
constexpr std::size_t spilled_at_once = 64;                 // of what a stuck worker has

// What was last seen of one worker.
struct sight {
  std::uint64_t ticks = ~std::uint64_t{0};
  time::duration cpu{-1};   // of its thread; from the first look at which the ticks stood still
  time::duration held{0};
  bool blocked = false;     // at the last look
  bool counted = false, reported = false, asked = false;  // as a stall
  [[nodiscard]] bool stuck() const noexcept { return held >= long_held; }
};

struct watched {
  scheduler* home;
  std::size_t wanted;                // so many able workers
  std::vector<sight> sights;
  std::vector<bool> owes_an_answer;  // a signal is on its way to that worker
  time::time_point surplus_since{};
  time::time_point awake_at = time::now();  // a worker was, when last looked at
  bool told_quiet = false;

  void seen_awake(time::time_point at) noexcept {
    awake_at = at;
    told_quiet = false;
  }
};

// The thread's state, third field of its stat file: S and D sleep in the kernel. Empty: there is no descriptor left to read it by (or
// no /proc). One kept open for each worker would take them from the program, which may even close them.
std::optional<bool> is_blocked(pid_t tid) noexcept {
  char path[64], text[256];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", static_cast<int>(tid));
  auto const stat = read_small_file(path, text);
  auto const name_end = stat.rfind(')');  // the name before it may hold any character
  if (name_end == stat.npos || name_end + 2 >= stat.size()) return std::nullopt;
  return stat[name_end + 2] == 'S' || stat[name_end + 2] == 'D';
}

void look_at(worker const& w, sight& known, time::duration gap) noexcept {
  auto const ticks = w.ticks.get();
  auto const who = w.thread();
  if (w.asleep() || ticks != known.ticks || !who) {
    known = {.ticks = ticks};
    return;
  }
  auto const cpu = who->cpu_used();
  if (known.cpu >= 0ns) {
    auto const used = cpu - known.cpu;
    // Who cannot be asked counts as blocked if he has had no time at all: without a CPU, too, but then a stand-in does no harm.
    bool const was_blocked = std::exchange(known.blocked, used < gap / 2 && is_blocked(who->id).value_or(used == 0ns));
    known.held += known.blocked && was_blocked ? gap : used;
  }
  known.cpu = cpu;
}

}  // namespace

class watchman {
 public:
  void add(watched s) {
    std::lock_guard guard{lock_};
    all_.reserve(all_.size() + 1);
    if (all_.empty()) {
      without_signals const here;
      thread_ = std::jthread([this](std::stop_token over) { serve(over); });
      ::pthread_setname_np(thread_.native_handle(), "weft/monitor");
    }
    all_.push_back(std::move(s));
  }

  void remove(scheduler& s) noexcept {
    std::jthread last;  // ends without the lock
    std::lock_guard guard{lock_};
    std::erase_if(all_, [&](watched const& w) { return w.home == &s; });
    if (all_.empty()) last = std::move(thread_);
  }

  void wake() noexcept {
    std::lock_guard guard{lock_};
    monitor::dormant_.store(false, std::memory_order_relaxed);
    awake_.notify_all();
  }

 private:
  void serve(std::stop_token over) noexcept {
    std::unique_lock guard{lock_};
    auto const is_over = [&over] { return over.stop_requested(); };
    for (auto busy = time::now(), before = busy; !is_over();) {
      auto const now = time::now();
      auto const gap = std::min(now - std::exchange(before, now), long_period);
      for (watched& s : all_) busy = look_at_all(s, now, gap) ? now : busy;
      if (now - busy < long_idle) {
        awake_.wait_for(guard, over, period, is_over);
        continue;
      }
      monitor::dormant_.store(true, std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_seq_cst);  // pairs with the one in stir()
      if (all_asleep()) awake_.wait(guard, over, [] { return !monitor::dormant_.load(std::memory_order_relaxed); });
      if (is_over()) return;  // another thread may watch by now, and be dormant
      monitor::dormant_.store(false, std::memory_order_relaxed);
      busy = before = time::now();
      for (watched& s : all_) s.seen_awake(busy);
    }
  }

  // True: a worker is awake, or has been since the last look.
  bool look_at_all(watched& s, time::time_point now, time::duration gap) noexcept {
    scheduler& home = *s.home;
    std::size_t able = 0;
    bool awake = false, spilled = false;
    for (auto const& w : home.workers()) {
      sight& known = s.sights[w->index];
      if (w->off_duty()) {
        known = {};
        continue;
      }
      auto const ticks = known.ticks;
      look_at(*w, known, gap);
      able += known.stuck() ? 0 : 1;
      if (known.stuck()) spilled = w->spill(spilled_at_once) || spilled;
      awake = awake || !w->asleep() || known.ticks != ticks;
      auto const threshold = home.options.stall_threshold;
      if (threshold > 0ns && known.held >= threshold && !known.reported) report(s, *w, known, now);
    }
    if (spilled) home.idle.notify();
    for (; able < s.wanted && home.call_stand_in(); ++able) {
    }
    if (able <= s.wanted) {
      s.surplus_since = {};
    } else if (s.surplus_since == time::time_point{}) {
      s.surplus_since = now;
    } else if (now - s.surplus_since >= long_surplus) {
      s.surplus_since = {};
      dismiss_one(s);
    }
    if (awake) {
      s.seen_awake(now);
    } else if (home.options.tell_quiet && !s.told_quiet && now - s.awake_at >= long_idle) {
      s.told_quiet = true;
      home.options.hooks->quiet(home);
    }
    return awake;
  }

  // The last that is able: who is stuck would not go.
  static void dismiss_one(watched& s) noexcept {
    for (auto const& w : std::views::reverse(s.home->workers().subspan(s.home->options.workers))) {
      if (!s.sights[w->index].stuck() && w->dismiss()) return;
    }
  }

  // One that computes is asked where it is, and told of at a later look.
  void report(watched& s, worker const& w, sight& known, time::time_point now) noexcept try {
    auto const who = w.thread();
    fiber const* const f = w.runs_on();
    if (!who || f == nullptr || f->current.load(std::memory_order_relaxed) == nullptr) return;  // no task keeps it
    if (!std::exchange(known.counted, true)) s.home->stalls.fetch_add(1, std::memory_order_relaxed);
    if (now < next_report_ && !known.asked) return;
    stall told{w, known.ticks, known.held, !known.asked && is_blocked(who->id).value_or(known.blocked), {}};
    if (told.blocked) {
      told.where = thread_stack::of_blocked(who->id, f->top.load(std::memory_order_relaxed));
    } else if (!known.asked) {
      next_report_ = now + between_reports;
      known.asked = thread_stack::ask(who->handle, who->id, s.owes_an_answer[w.index]);
      s.owes_an_answer[w.index] = known.asked;
      if (known.asked) return;
    } else if (auto const answer = thread_stack::answer()) {
      told.where = *answer;
      s.owes_an_answer[w.index] = false;
    } else if (now < next_report_) {
      return;
    }
    known.reported = told.goes_on() && s.home->options.hooks->stalled(told);
    if (known.reported) next_report_ = now + between_reports;
  } catch (std::bad_alloc const&) {
    // at another look
  }

  bool all_asleep() const noexcept {
    return std::ranges::all_of(all_, [](watched const& s) {
      return std::ranges::all_of(s.home->workers(), [](auto const& w) { return w->off_duty() || w->asleep(); });
    });
  }

  std::mutex lock_;
  std::condition_variable_any awake_;
  std::vector<watched> all_;
  std::jthread thread_;
  time::time_point next_report_{};
};

namespace {

// Runtimes that are never destroyed outlive static objects. A forked child begins anew: it has no thread, and perhaps a locked lock.
watchman*& current() {
  static watchman* one = [] {
    ::pthread_atfork(nullptr, nullptr, [] { current() = new watchman; });
    return new watchman;
  }();
  return one;
}

}  // namespace

void monitor::wake() noexcept { current()->wake(); }

void monitor::watch(scheduler& s) {
  auto const wanted = s.options.stand_ins == 0 ? 0 : std::min<std::size_t>(s.workers().size(), usable_cpus());
  auto const most = s.options.workers + s.options.stand_ins;
  current()->add({&s, wanted, std::vector<sight>(most), std::vector<bool>(most)});
  stir();
}

void monitor::forget(scheduler& s) noexcept { current()->remove(s); }

}  // namespace weft::detail
