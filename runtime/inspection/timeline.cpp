#include "runtime/inspection/timeline.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>
#include <tuple>
#include <utility>

#include "runtime/inspection/task_records.hpp"
#include "runtime/slab.hpp"
#include "scheduler/recording.hpp"

namespace weft::detail {
namespace {

using slice = timeline::slice;
using wait_for_worker = timeline::wait_for_worker;

// What the tasks of all threads have to do with each other, before they are told apart.
struct draft {
  std::unordered_map<std::uint64_t, std::uint64_t> outer;  // of those that were inlined: for life
  struct moment {
    enum kind : std::uint8_t { stops, ready, arrives };    // in this order, at one time
    std::uint64_t task;
    std::int64_t at;
    kind what;
    wait_for_worker::cause why;
    std::size_t where;                                     // a slice, or none
    [[nodiscard]] auto order() const noexcept { return std::tuple(task, at, what); }
  };
  std::vector<moment> moments;
};

// One thread's records, in their order. Until the first of them tells, nobody knows what ran when its records begin.
class replay {
 public:
  replay(timeline& t, draft& d, std::size_t thread) noexcept : all_(t), draft_(d), thread_(thread), begin_(t.threads[thread].begin) {}

  void see(trace_record const& r) {
    auto const at = static_cast<std::int64_t>(r.at);
    auto const detail = r.what >> detail_shift;
    switch (static_cast<happened>(r.what & 0xff)) {
      case happened::spawned: spawned(r, at, detail); break;
      case happened::named: named(r, at); break;
      case happened::begins:
        if (r.other != 0) running(r.other, at);
        known_ = true;
        heard_of(r.task, at);
        open(r.task, at, true);
        break;
      case happened::ends: ends(r, at, static_cast<job_state>(detail)); break;
      case happened::switched: switched(r, at, stopped(detail)); break;
      case happened::woken:
        draft_.moments.push_back({r.task, at, draft::moment::ready, wait_for_worker::cause::woken,
                                  static_cast<woken_by>(detail) == woken_by::task ? innermost() : timeline::none});
        break;
      case happened::queues: queues(r, at); break;
    }
  }

  void end() {
    while (!open_.empty()) close(all_.end, slice::stop::recording_ended, 0);
  }

 private:
  [[nodiscard]] std::size_t innermost() const noexcept { return open_.empty() ? timeline::none : open_.back(); }

  timeline::life& heard_of(std::uint64_t task, std::int64_t at) {
    auto& life = all_.tasks[task];
    life.begin = std::min(life.begin, at);
    return life;
  }

  void open(std::uint64_t task, std::int64_t at, bool arrives) {
    open_.push_back(all_.slices.size());
    auto const within = open_.size() > 1 ? open_[open_.size() - 2] : timeline::none;
    all_.slices.push_back({.task = task, .thread = thread_, .within = within, .begin = at, .end = at, .arrives = arrives});
    if (arrives) draft_.moments.push_back({task, at, draft::moment::arrives, {}, open_.back()});
  }

  // It, within those that it is inlined into: the nearest of them, for a recursion may be as deep as its stack.
  void open_chain(std::uint64_t task, std::int64_t at, bool arrives) {
    std::array<std::uint64_t, 32> chain;
    std::size_t n = 0;
    while (task != 0 && n != chain.size()) {
      chain[n++] = task;
      auto const o = draft_.outer.find(task);
      task = o != draft_.outer.end() ? o->second : 0;
    }
    while (n-- != 0) {
      heard_of(chain[n], at);
      open(chain[n], at, arrives && n == 0);
    }
  }

  void close(std::int64_t at, slice::stop why, std::uint8_t detail) {
    auto& s = all_.slices[open_.back()];
    open_.pop_back();
    s.end = at;
    s.why = why;
    s.detail = detail;
  }

  // Says the record; so it did since the last one, or since the records begin.
  void running(std::uint64_t task, std::int64_t at) {
    auto const now = open_.empty() ? 0 : all_.slices[open_.back()].task;
    if (now == task) return;
    while (!open_.empty()) close(at, slice::stop::recording_ended, 0);
    open_chain(task, known_ ? at : begin_, false);
    known_ = true;
  }

  void switched(trace_record const& r, std::int64_t at, stopped how) {
    running(r.other, at);
    if (!open_.empty()) {
      auto const what = how.parked ? draft::moment::stops : draft::moment::ready;
      draft_.moments.push_back({r.other, at, what, wait_for_worker::cause::yielded, timeline::none});
      close(at, how.parked ? slice::stop::suspended : slice::stop::yielded, how.waits_for);
    }
    while (!open_.empty()) close(at, slice::stop::child_stopped, 0);
    known_ = true;
    open_chain(r.task, at, true);
  }

  void ends(trace_record const& r, std::int64_t at, job_state how) {
    auto& life = heard_of(r.task, at);
    life.end = at;
    life.how = how;
    if (!known_) running(r.task, at);
    if (open_.empty() || all_.slices[open_.back()].task != r.task) return;  // it has never begun
    close(at, slice::stop::ended, static_cast<std::uint8_t>(how));
    if (open_.empty()) open_chain(r.other, at, false);
  }

  void spawned(trace_record const& r, std::int64_t at, std::uint64_t site) {
    auto& life = heard_of(r.task, at);
    life.begin = at;
    life.parent = r.other;
    life.site = site_of(site);
    life.whole = true;
    draft_.moments.push_back({r.task, at, draft::moment::ready, wait_for_worker::cause::spawned, innermost()});
  }

  // Only what changes.
  void queues(trace_record const& r, std::int64_t at) {
    auto const now = std::pair(r.task, r.other);
    if (std::exchange(queued_, now) != now) all_.queues.push_back({thread_, at, r.task, r.other});
  }

  // Parts follow each other; one whose beginning has been overwritten is nothing.
  void named(trace_record const& r, std::int64_t at) {
    name_part const part(r);
    auto& name = part.index() == 0 ? (name_ = {}) : name_;
    if (name.size() != part.index() * name_part::size) return;
    name += part.text();
    auto& life = all_.tasks[r.task];
    if (at < life.named) return;
    life.named = at;
    life.name = name;
  }

  timeline& all_;
  draft& draft_;
  std::size_t const thread_;
  std::int64_t const begin_;
  bool known_ = false;
  std::vector<std::size_t> open_;  // slices, the innermost last
  std::string name_;
  std::pair<std::uint64_t, std::uint64_t> queued_{UINT64_MAX, UINT64_MAX};
};

// A task that is ready arrives, unless it stops first: then the record of its arrival is lost.
void match(draft& d, std::vector<wait_for_worker>& waits) {
  std::ranges::sort(d.moments, {}, &draft::moment::order);
  draft::moment const* ready = nullptr;
  for (auto const& m : d.moments) {
    if (ready != nullptr && ready->task != m.task) ready = nullptr;
    if (m.what == draft::moment::ready) {
      ready = &m;
    } else if (auto const* const r = std::exchange(ready, nullptr); r != nullptr && m.what == draft::moment::arrives) {
      waits.push_back({.why = r->why, .at = r->at, .by = r->where, .until = m.where});
    }
  }
}

std::string_view file_of(std::source_location s) noexcept {
  std::string_view const path = s.file_name();
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

timeline::timeline(recorded&& r) : threads(std::move(r.threads)), begin(r.begin), end(r.end) {
  draft d;
  for (auto const& t : threads) {
    for (auto const& x : t.records) {
      if (static_cast<happened>(x.what & 0xff) == happened::begins && x.other != 0) d.outer[x.task] = x.other;
    }
  }
  for (std::size_t i = 0; i != threads.size(); ++i) {
    replay one(*this, d, i);
    for (auto const& x : threads[i].records) one.see(x);
    one.end();
    threads[i].records = {};
  }
  match(d, waits);
  std::erase_if(tasks, [](auto const& t) { return t.second.begin == INT64_MAX; });  // nothing but a name
  ask_the_living();
}

// Those whose spawn was not recorded, or has been overwritten.
void timeline::ask_the_living() {
  if (std::ranges::all_of(tasks, [](auto const& t) { return t.second.whole; })) return;
  each_core([this](future_core& c, std::uint32_t generation) {
    if (c.kind == core_kind::promise) return;
    auto const id = c.id.load(std::memory_order_relaxed);
    auto const known = tasks.find(id);
    if (known == tasks.end() || known->second.whole) return;
    auto const parent = c.parent.load(std::memory_order_relaxed);
    auto const site = c.site.load(std::memory_order_relaxed);
    std::lock_guard guard{side_lock(c)};  // free_core takes it to drop the side block
    side_block const* const s = c.side.load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (c.generation.load(std::memory_order_relaxed) != generation) return;
    known->second.parent = parent;
    known->second.site = site;
    if (s != nullptr && !s->name.empty()) known->second.name = s->name;
  });
}

std::string timeline::name_of(std::uint64_t task) const {
  auto const t = tasks.find(task);
  return t != tasks.end() && !t->second.name.empty() ? t->second.name : "task-" + std::to_string(task);
}

std::string timeline::class_of(std::uint64_t task) const {
  auto const t = tasks.find(task);
  if (t == tasks.end() || !t->second.name.empty() || t->second.site.line() == 0) return name_of(task);
  return std::string(file_of(t->second.site)) + ':' + std::to_string(t->second.site.line());
}

}  // namespace weft::detail
