// The public runtime over its core; the registry of those that exist; reports.
#include "runtime/runtime_core.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "runtime/inspection/deadlock_report.hpp"
#include "runtime/inspection/debug.hpp"
#include "runtime/inspection/report.hpp"
#include "runtime/inspection/schedtrace.hpp"
#include "runtime/inspection/stderr.hpp"
#include "runtime/inspection/trace.hpp"
#include "runtime/signal_watch.hpp"
#include "scheduler/cpu_count.hpp"
#include <weft/detail/parking.hpp>

namespace weft {
namespace detail {
namespace {

std::mutex registry_lock;
std::vector<runtime_core const*>& registry() {
  static auto* const all = new std::vector<runtime_core const*>;  // outlives static destructors that report
  return *all;
}

void print(unhandled_error const& u) noexcept try {
  char const* what = "an exception that is no std::exception";
  std::string text;
  try {
    if (u.error) std::rethrow_exception(u.error);
  } catch (std::exception const& e) {
    text = e.what();
    what = text.c_str();
  } catch (...) {
  }
  std::string line = "weft: ";
  if (u.task_id != 0) line += introduce(u.task_name, u.task_id, u.spawned_at) + ": ";  // else it is a promise's
  line += u.what_happened;
  line += ": ";
  line += what;
  line += '\n';
  write_to_stderr(line);
} catch (std::bad_alloc const&) {
  write_to_stderr("weft: an error that nobody looked at, and no memory to say whose\n");
}

runtime_options checked(runtime_options o, simulated_world const* world) {
  // Who asks for one worker wants that no two tasks run at the same time.
  if (o.workers == 1 || world != nullptr) o.max_stand_ins = 0;
  if (world != nullptr) o.stall_threshold = {};
  o.stall_threshold = std::min(o.stall_threshold, std::chrono::milliseconds{std::chrono::hours{24 * 365}});
  if (o.stall_threshold.count() < 0) throw std::invalid_argument("weft: runtime_options::stall_threshold is below 0");
  if (o.workers == 0) o.workers = usable_cpus();
  if (world != nullptr) o.workers = 1;
  if (o.max_stand_ins > 4096) throw std::invalid_argument("weft: runtime_options::max_stand_ins is above 4096");
  if (o.workers > 4096) throw std::invalid_argument("weft: runtime_options::workers is above 4096");
  if (o.stack_size < 16 * 1024 || o.stack_size > (std::size_t{1} << 32)) {
    throw std::invalid_argument("weft: runtime_options::stack_size has to be between 16 KiB and 4 GiB");
  }
  require_catchable(o.cancel_on_signals, "runtime_options::cancel_on_signals");
  if (world != nullptr && !o.cancel_on_signals.empty()) {
    throw std::invalid_argument("weft: a simulation has no cancel_on_signals: it depends on nothing but its seed");
  }
  if (o.max_blocking_threads == 0) throw std::invalid_argument("weft: runtime_options::max_blocking_threads is 0");
  return o;
}

}  // namespace

runtime_core::runtime_core(runtime& h, runtime_options o, simulated_world* world)
    : handle(h), options(checked(std::move(o), world)), debug(debug_reports::if_wanted(options.debug)),
      blocking(std::make_shared<thread_pool>(options.max_blocking_threads)) {
  install_terminate_report();
  listen_for_dump_signal();
  trace_as_environment_says();
  sched = std::make_unique<scheduler>(scheduler_options{.name = options.name,
                                                        .workers = options.workers,
                                                        .stand_ins = options.max_stand_ins,
                                                        .stall_threshold = options.stall_threshold,
                                                        .stack_size = options.stack_size,
                                                        .hooks = &task_hooks,
                                                        .tell_quiet = world == nullptr && debug != nullptr,
                                                        .suspends = debug != nullptr ? held_lock_watcher() : nullptr,
                                                        .world = world,
                                                        .overflow_report = options.overflow_report});
  {
    std::lock_guard guard{registry_lock};
    registry().push_back(this);
  }
  if (world == nullptr) schedtrace::watch(*this);
}

runtime_core::~runtime_core() {
  schedtrace::forget(*this);
  drop_callbacks_of(*this);
  {
    std::lock_guard guard{registry_lock};
    std::erase(registry(), this);
  }
  for (backoff b; reporting.load(std::memory_order_acquire) != 0;) b.pause();
  blocking->join();
  sched.reset();
  write_environments_trace();
}

runtime_core const* pin_runtime(runtime_core const* rt) noexcept {
  std::lock_guard guard{registry_lock};
  if (std::find(registry().begin(), registry().end(), rt) == registry().end()) return nullptr;
  rt->reporting.fetch_add(1, std::memory_order_acquire);
  return rt;
}

void unpin_runtime(runtime_core const& rt) noexcept { rt.reporting.fetch_sub(1, std::memory_order_release); }

void see_runtimes(void (*see)(runtime_core const&, void*), void* context) {
  std::vector<runtime_core const*> pinned;
  auto const unpin = [](std::vector<runtime_core const*>* all) {
    for (auto const* rt : *all) unpin_runtime(*rt);
  };
  std::unique_ptr<std::vector<runtime_core const*>, decltype(unpin)> const afterwards(&pinned, unpin);
  {
    std::lock_guard guard{registry_lock};
    pinned.reserve(registry().size());
    for (auto const* rt : registry()) {
      // A simulation's clock and schedule are one thread's; to be looked at from outside would change both.
      if (rt->sched->options.world != nullptr) continue;
      rt->reporting.fetch_add(1, std::memory_order_acquire);
      pinned.push_back(rt);
    }
  }
  for (auto const* rt : pinned) see(*rt, context);
}

void runtime_core::report(unhandled_error const& u) const noexcept {
  if (options.on_unhandled) {
    try {
      options.on_unhandled(u);
      return;
    } catch (...) {
      write_to_stderr("weft: on_unhandled has thrown; its default reports\n");
    }
  }
  print(u);
}

void report_unobserved(future_core& c, std::exception_ptr error, std::string_view what) noexcept {
  try {
    unhandled_error const u{name_of(c), c.id.load(std::memory_order_relaxed), c.site.load(std::memory_order_relaxed),
                            std::move(error), what};
    if (runtime_core const* const rt = pin_runtime(c.rt.load(std::memory_order_relaxed))) {
      rt->report(u);
      unpin_runtime(*rt);
    } else {
      print(u);
    }
  } catch (std::bad_alloc const&) {
    std::fprintf(stderr, "weft: %.*s, and no memory to say whose\n", static_cast<int>(what.size()), what.data());
  }
}

}  // namespace detail

detail::runtime_core& detail::core_of(runtime& rt) noexcept { return *rt.core_; }

runtime::runtime(runtime_options o) : core_(new detail::runtime_core(*this, std::move(o), nullptr)) {}
runtime::runtime(runtime_options o, void* world)
    : core_(new detail::runtime_core(*this, std::move(o), static_cast<detail::simulated_world*>(world))) {}

runtime::~runtime() {
  detail::future_core* const self = detail::current_core();
  if (self != nullptr && self->rt.load(std::memory_order_relaxed) == core_) {
    detail::write_to_stderr("weft: runtime '" + core_->options.name + "' destroyed inside its own " + detail::introduce(*self) + "; it is leaked\n");
    return;
  }
  if (core_->abandoned) return;
  shield_scope const whatever_comes;
  (void)core_->drain(detail::no_limit, true);
  delete core_;
}

runtime* runtime::current() noexcept {
  detail::future_core const* const self = detail::current_core();
  return self != nullptr ? &self->rt.load(std::memory_order_relaxed)->handle : nullptr;
}

void runtime::refuse_own_task(char const* what) const {
  detail::future_core const* const self = detail::current_core();
  if (self != nullptr && self->rt.load(std::memory_order_relaxed) == core_) {
    throw std::logic_error(std::string("weft: ") + what + " inside a task of runtime '" + core_->options.name + "'");
  }
}

std::shared_ptr<detail::signal_watch> runtime::watch_signals() const {
  auto const& signals = core_->options.cancel_on_signals;
  return signals.empty() ? nullptr : std::make_shared<detail::signal_watch>(signals);
}

void runtime::end_run(detail::handle const& main, detail::signal_watch* signals) {
  auto const main_has_ended = [signals] {
    if (signals != nullptr) signals->end();
  };
  if (signals != nullptr) signals->attach(main.core());
  // A cancelled caller passes it on to main, and waits: main may refer to the caller's stack.
  try {
    detail::join(main.core());
  } catch (cancelled const&) {
    main_has_ended();
    shield_scope const while_ending;
    (void)core_->drain(detail::no_limit, false);
    throw;
  } catch (...) {
    // result() throws it again, after what is left has ended.
  }
  main_has_ended();
  shield_scope const while_ending;
  (void)core_->drain(detail::no_limit, false);
}

shutdown_report runtime::shutdown(deadline d) {
  refuse_own_task("shutdown()");
  shutdown_report r;
  r.clean = core_->drain(d.ns(), true);
  if (!r.clean) {
    r.still_running = all_tasks();
    r.clean = r.still_running.empty();
  }
  return r;
}

}  // namespace weft
