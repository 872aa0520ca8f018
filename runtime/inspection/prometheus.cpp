// Metrics as Prometheus reads them, https://prometheus.io/docs/instrumenting/exposition_formats: one family after the other, the samples
// of all runtimes in each.
#include <charconv>
#include <string_view>
#include <utility>

#include "runtime/inspection/utf8.hpp"
#include <weft/metrics.hpp>

namespace weft {
namespace {

using std::chrono::nanoseconds;

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto const n = detail::character_size(text);
    char const c = text.front();
    if (n == 0) {
      out += "\xef\xbf\xbd";  // U+FFFD: a page that is not UTF-8 is refused as a whole
    } else if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || c == '"') out += '\\';
      out += text.substr(0, n);
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
  return out;
}

// As printf's %g, with as many digits as needed and in any locale.
std::string number(double v) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, v, std::chars_format::general).ptr};
}
std::string number(std::uint64_t n) { return std::to_string(n); }
std::string number(nanoseconds t) { return number(std::chrono::duration<double>(t).count()); }

std::string label(std::string_view name, std::string_view value) { return std::string(",").append(name).append("=\"").append(value).append("\""); }

class page {
 public:
  explicit page(std::span<runtime_metrics const> all) : all_(all) {}

  // samples(m) adds those of one runtime.
  template <class F>
  void family(std::string_view name, std::string_view type, std::string_view help, F&& samples) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
    for (auto const& m : all_) {
      runtime_ = std::string("runtime=\"").append(escaped(m.name)).append("\"");
      samples(m);
    }
  }

  void sample(std::string_view suffix, std::string_view labels, auto value) {
    text_.append(name_).append(suffix).append("{").append(runtime_).append(labels).append("} ").append(number(value)).append("\n");
  }

  // Families of one sample: value(m).
  void counter(std::string_view name, std::string_view help, auto value) {
    family(name, "counter", help, [&](runtime_metrics const& m) { sample("", "", value(m)); });
  }
  void gauge(std::string_view name, std::string_view help, auto value) {
    family(name, "gauge", help, [&](runtime_metrics const& m) { sample("", "", value(m)); });
  }

  // value(w), for each worker.
  void of_workers(std::string_view name, std::string_view type, std::string_view help, auto value) {
    family(name, type, help, [&](runtime_metrics const& m) {
      for (std::size_t i = 0; i != m.workers.size(); ++i) sample("", label("worker", std::to_string(i)), value(m.workers[i]));
    });
  }

  void histogram(std::string_view name, std::string_view help, duration_histogram runtime_metrics::*which) {
    family(name, "histogram", help, [&](runtime_metrics const& m) {
      auto const& h = m.*which;
      std::uint64_t so_far = 0;
      for (std::size_t i = 0; i != h.bounds.size(); ++i) sample("_bucket", label("le", number(h.bounds[i])), so_far += h.counts[i]);
      sample("_bucket", label("le", "+Inf"), h.count());
      sample("_sum", "", h.sum);
      sample("_count", "", h.count());
    });
  }

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  std::span<runtime_metrics const> all_;
  std::string text_, runtime_;
  std::string_view name_;
};

void add_tasks(page& p) {
  p.family("weft_tasks", "gauge", "Tasks that have not ended, by state.", [&](runtime_metrics const& m) {
    p.sample("", label("state", "scheduled"), m.scheduled);
    p.sample("", label("state", "running"), m.running);
    p.sample("", label("state", "suspended"), m.suspended);
  });
  p.counter("weft_tasks_spawned_total", "Tasks that have been spawned.", [](auto const& m) { return m.spawned; });
  p.family("weft_tasks_finished_total", "counter", "Tasks that have ended, by result.", [&](runtime_metrics const& m) {
    p.sample("", label("result", "ok"), m.finished);
    p.sample("", label("result", "error"), m.failed);
    p.sample("", label("result", "cancelled"), m.cancelled);
  });
  p.counter("weft_parks_total", "Waits for which a task has left its worker.", [](auto const& m) { return m.parks; });
  p.counter("weft_wakes_total", "Waiting tasks that a worker has made ready.", [](auto const& m) { return m.wakes; });
  p.counter("weft_switches_total", "Switches from stack to stack.", [](auto const& m) { return m.switches; });
  p.gauge("weft_timers", "Waits that end at some time if nothing happens before, sleeps among them.", [](auto const& m) { return m.timers; });
}

void add_times(page& p) {
  static_assert(measured_one_in == 128, "as it says here");
  p.histogram("weft_schedule_delay_seconds", "How long tasks that could run have waited for a worker; measured for 1 in 128, at random.",
              &runtime_metrics::delay);
  p.histogram("weft_slice_seconds", "How long tasks have kept their worker before they waited, yielded or ended; measured for 1 in 128, at random.",
              &runtime_metrics::slice);
}

void add_workers(page& p) {
  p.family("weft_workers", "gauge", "Threads that run tasks, stand-ins among them, by state.", [&](runtime_metrics const& m) {
    p.sample("", label("state", "awake"), m.awake);
    p.sample("", label("state", "asleep"), m.idle);
  });
  p.gauge("weft_stand_ins", "Threads that work along because workers are stuck in a task.", [](auto const& m) { return m.stand_ins; });
  p.counter("weft_stalls_total", "Tasks that have kept a worker for the stall threshold.", [](auto const& m) { return m.stalls; });
  p.counter("weft_steals_total", "Times that a worker has taken over what another one had.", [](auto const& m) { return m.steals; });
  p.of_workers("weft_worker_busy_seconds_total", "counter", "CPU time of each worker's thread.", [](auto const& w) { return w.busy; });
  p.of_workers("weft_local_queue_length", "gauge", "What can run in each worker's own queues.", [](auto const& w) { return w.queued; });
  p.gauge("weft_injected_queue_length", "What can run in the queue that workers share: from other threads, or without room in a worker's own.",
          [](auto const& m) { return m.injected; });
}

void add_resources(page& p) {
  p.gauge("weft_stacks", "Stacks in use, in the whole process.", [](auto const& m) { return m.stacks; });
  p.gauge("weft_unguarded_stacks", "Stacks for which the system had no guard page, in the whole process.",
          [](auto const& m) { return m.unguarded_stacks; });
  p.gauge("weft_blocking_threads", "Threads of run_blocking().", [](auto const& m) { return m.blocking_threads; });
  p.gauge("weft_blocking_queue_length", "Calls of run_blocking() that wait for a thread.", [](auto const& m) { return m.blocking_queue; });
}

}  // namespace

std::string to_prometheus(std::span<runtime_metrics const> all) {
  page p(all);
  add_tasks(p);
  add_times(p);
  add_workers(p);
  add_resources(p);
  return std::move(p).text();
}

std::string to_prometheus(runtime_metrics const& m) { return to_prometheus(std::span(&m, 1)); }

}  // namespace weft
