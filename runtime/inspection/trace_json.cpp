// Process 1 has a track per thread, with the slices of tasks; process 2 the tasks' lives, which move from thread to thread and so are
// asynchronous events. Arrows go from the slice in which a task was woken or spawned to the slice that it then had.
#include "runtime/inspection/trace_json.hpp"

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <string>
#include <string_view>

#include "runtime/inspection/json.hpp"
#include "runtime/runtime_core.hpp"

namespace weft::detail {
namespace {

constexpr int on_threads = 1, of_tasks = 2;

struct us {
  std::int64_t ns;
};
std::ostream& operator<<(std::ostream& out, us t) {
  char text[40];
  auto const n = std::snprintf(text, sizeof text, "%lld.%03d", static_cast<long long>(t.ns / 1000), static_cast<int>(t.ns % 1000));
  return out.write(text, n);
}

struct text {
  std::string_view of;
};
std::ostream& operator<<(std::ostream& out, text t) {
  write_json_string(out, t.of);
  return out;
}

char const* name_of(job_state s) noexcept {
  switch (s) {
    case job_state::finished: return "finished";
    case job_state::failed: return "failed";
    case job_state::cancelled: return "cancelled";
    default: return "runs";
  }
}

std::string how_it_stopped(timeline::slice const& s) {
  switch (s.why) {
    case timeline::slice::stop::suspended: return "waits for " + std::string(name_of_awaited(s.detail));
    case timeline::slice::stop::yielded: return "lets others run";
    case timeline::slice::stop::child_stopped: return "a task that runs on its stack stops";
    case timeline::slice::stop::ended: return name_of(static_cast<job_state>(s.detail));
    case timeline::slice::stop::recording_ended: break;
  }
  return "runs";
}

class writer {
 public:
  writer(std::ostream& out, timeline const& t) noexcept : out_(out), t_(t) {}

  void all() {
    std::uint64_t overwritten = 0;
    for (auto const& x : t_.threads) overwritten += x.overwritten;
    out_ << R"({"displayTimeUnit":"ns","otherData":{"runtime":"weft","overwritten_records":")" << std::to_string(overwritten)
         << R"("},"traceEvents":[)";
    process(on_threads, "threads");
    process(of_tasks, "tasks");
    for (std::size_t i = 0; i != t_.threads.size(); ++i) thread(i);
    for (auto const& s : t_.slices) slice(s);
    for (auto const& [task, l] : t_.tasks) life(task, l);
    for (auto const& w : t_.waits) arrow(w);
    for (auto const& q : t_.queues) queue(q);
    out_ << "\n]}\n";
  }

 private:
  // Numbers by to_string(): those of the stream may be told to group their digits.
  std::ostream& event(char const* phase, int process, std::size_t thread) {
    out_ << (first_ ? "\n" : ",\n") << R"({"ph":")" << phase << R"(","pid":)" << std::to_string(process) << R"(,"tid":)" << std::to_string(thread);
    first_ = false;
    return out_;
  }
  std::ostream& event(char const* phase, int process, std::size_t thread, std::int64_t at) {
    return event(phase, process, thread) << R"(,"ts":)" << us{at};
  }
  [[nodiscard]] static std::size_t number(std::size_t thread) noexcept { return thread + 1; }

  void process(int number, char const* name) {
    event("M", number, 0) << R"(,"name":"process_name","args":{"name":)" << text{name} << "}}";
    event("M", number, 0) << R"(,"name":"process_sort_index","args":{"sort_index":)" << std::to_string(number) << "}}";
  }

  void thread(std::size_t i) {
    event("M", on_threads, number(i)) << R"(,"name":"thread_name","args":{"name":)" << text{t_.threads[i].label} << "}}";
    event("M", on_threads, number(i)) << R"(,"name":"thread_sort_index","args":{"sort_index":)" << std::to_string(i) << "}}";
  }

  void slice(timeline::slice const& s) {
    event("X", on_threads, number(s.thread), s.begin) << R"(,"dur":)" << us{s.end - s.begin} << R"(,"name":)" << text{t_.name_of(s.task)}
        << R"(,"args":{"task":)" << std::to_string(s.task) << R"(,"end":)" << text{how_it_stopped(s)} << "}}";
  }

  void life(std::uint64_t task, timeline::life const& l) {
    auto const name = t_.name_of(task);
    auto const of = [&](char const* phase, std::int64_t at) -> std::ostream& {
      char id[24];
      std::snprintf(id, sizeof id, "0x%llx", static_cast<unsigned long long>(task));
      return event(phase, of_tasks, 1, at) << R"(,"cat":"task","id":")" << id << R"(","name":)" << text{name};
    };
    of("b", l.begin) << R"(,"args":{"task":)" << std::to_string(task) << R"(,"parent":)" << std::to_string(l.parent);
    if (l.site.line() != 0) {
      out_ << R"(,"spawned_at":)" << text{l.site.file_name() + (':' + std::to_string(l.site.line()))};
    }
    out_ << "}}";
    if (l.end != INT64_MAX) of("e", std::max(l.begin, l.end)) << R"(,"args":{"ended":)" << text{name_of(l.how)} << "}}";
  }

  // Both ends lie in their slices. Two CPUs' counters may differ by some ns, so the second is not always the later.
  void arrow(timeline::wait_for_worker const& w) {
    if (w.by == timeline::none) return;
    auto const& from = t_.slices[w.by];
    auto const& to = t_.slices[w.until];
    if (to.within == w.by) return;  // a child that was inlined where it was spawned: the slices show it
    auto const begin = std::clamp(w.at, from.begin, from.end);
    auto const end = std::max(begin, to.begin);
    if (end > to.end) return;
    auto const number_of_it = std::to_string(++arrows_);
    auto const what = w.why == timeline::wait_for_worker::cause::spawned ? R"("spawns")" : R"("wakes")";
    event("s", on_threads, number(from.thread), begin) << R"(,"cat":"ready","id":)" << number_of_it << R"(,"name":)" << what << '}';
    event("f", on_threads, number(to.thread), end) << R"(,"bp":"e","cat":"ready","id":)" << number_of_it << R"(,"name":)" << what << '}';
  }

  void queue(timeline::queue_length const& q) {
    event("C", on_threads, number(q.thread), q.at) << R"(,"id":)" << std::to_string(number(q.thread)) << R"(,"name":)"
        << text{"ready on " + t_.threads[q.thread].label} << R"(,"args":{"tasks not started":)" << std::to_string(q.unstarted)
        << R"(,"fibers":)" << std::to_string(q.ready) << "}}";
  }

  std::ostream& out_;
  timeline const& t_;
  bool first_ = true;
  std::uint64_t arrows_ = 0;
};

}  // namespace

void write_trace_json(std::ostream& out, timeline const& t) { writer(out, t).all(); }

}  // namespace weft::detail
