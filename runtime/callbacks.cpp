// Done-callbacks: posted, in order of registration, one after the other per future, never cancelled.
//
// A record is in one place at a time: registered in the future's list (pending), in its queue (its future is done), being
// run, or over. The queue is drained by one runner at a time, a task of the runtime that the record was registered from;
// where the next record wants another runtime the runner hands over to a new one there. Records without a runtime run on
// the completing thread. One lock for all: callbacks are rare, and a runtime that ends has to drop its pending ones.
#include <algorithm>
#include <mutex>

#include "runtime/task_locals.hpp"
#include <weft/detail/completions.hpp>
#include <weft/detail/launch.hpp>
#include <weft/detail/parking.hpp>

namespace weft::detail {

struct callback_record : done_node {
  enum class stage { pending, queued, running, over };

  callback_record(future_core& c, std::unique_ptr<callback_function> f, bool cancelled_only) noexcept
      : core(&c), function(std::move(f)), only_if_cancelled(cancelled_only) {}

  future_core* core;                     // a handle, while pending, queued or running
  std::unique_ptr<callback_function> function;
  task_locals* locals = nullptr;         // of whoever registered it
  bool only_if_cancelled;
  bool dropped = false;                  // its runtime has ended, or it was reset
  stage at = stage::pending;
  runtime_core* rt = nullptr;
  future_core* runner = nullptr;
  callback_record* following = nullptr;  // in the queue
  callback_record* older = nullptr;      // all that wait for their future, of any runtime
  callback_record* newer = nullptr;
  int owners = 2;                        // its place, and the token
  wait_list over;
};

namespace {

std::mutex lock;                       // every field above but `over` and the node
callback_record* registered = nullptr;

void link(callback_record& r) noexcept {
  r.older = registered;
  if (registered != nullptr) registered->newer = &r;
  registered = &r;
}

void unlink(callback_record& r) noexcept {
  (r.newer != nullptr ? r.newer->older : registered) = r.older;
  if (r.older != nullptr) r.older->newer = r.newer;
  r.older = r.newer = nullptr;
}

void release(callback_record& r) noexcept {
  bool last = false;
  {
    std::lock_guard guard{lock};
    last = --r.owners == 0;
  }
  if (last) delete &r;
}

// It is over, whether it has run or not: what it captured goes, then who waits in reset() is woken.
void conclude(callback_record& r) noexcept {
  r.function.reset();
  release(std::exchange(r.locals, nullptr));
  future_core* core = nullptr;
  {
    std::lock_guard guard{lock};
    r.at = callback_record::stage::over;
    core = std::exchange(r.core, nullptr);
  }
  r.over.close([](parker& p) { kick(p, false); }, [](wait_node&) {});
  drop_handle(*core);
  release(r);
}

// Tells how many have registered and are not in the queue yet.
std::size_t count_waiting(future_core& c, int change) noexcept {
  std::lock_guard guard{side_lock(c)};
  return c.side.load(std::memory_order_relaxed)->waiting += static_cast<std::size_t>(change);
}

void append(future_core& c, callback_record& r, bool waited) noexcept {
  std::lock_guard guard{side_lock(c)};
  side_block& side = *c.side.load(std::memory_order_relaxed);
  if (waited) --side.waiting;
  (side.first == nullptr ? side.first : side.last->following) = &r;
  side.last = &r;
}

callback_record* next_of(future_core& c) noexcept {
  std::lock_guard guard{side_lock(c)};
  side_block& side = *c.side.load(std::memory_order_relaxed);
  callback_record* const r = side.first;
  if (r == nullptr) {
    side.running = false;
    return nullptr;
  }
  side.first = r->following;
  return r;
}

void put_back(future_core& c, callback_record& r) noexcept {
  std::lock_guard guard{side_lock(c)};
  side_block& side = *c.side.load(std::memory_order_relaxed);
  r.following = side.first;
  if (side.first == nullptr) side.last = &r;
  side.first = &r;
}

void run_one(callback_record& r) noexcept {
  future_core& c = *r.core;
  bool wanted = false;
  {
    std::lock_guard guard{lock};
    wanted = !r.dropped && (!r.only_if_cancelled || c.state() == job_state::cancelled);
    r.at = callback_record::stage::running;
    r.runner = current_core();
  }
  if (wanted) {
    locals_scope const as_registered(r.locals);
    try {
      r.function->call(c);
    } catch (cancelled const&) {
      // A callback cannot be cancelled; one that throws this has ended.
    } catch (...) {
      report_unobserved(c, std::current_exception(), "a done-callback has thrown");
    }
  }
  conclude(r);
}

void run_queue(future_core& c, runtime_core* here) noexcept;

// A task there that goes on with the queue. False: no memory for one, or that runtime has just ended.
bool post_runner(future_core& c, runtime_core& there, callback_record& next) noexcept {
  bool posted = false;
  try {
    auto body = [&c, &there] {
      run_queue(c, &there);
      drop_handle(c);
    };
    using packed = payload<decltype(body)>;
    future_core& runner = make_task(std::move(body), nullptr, c.site.load(std::memory_order_relaxed));
    runner.kind = core_kind::callback;
    add_handle(c);
    try {
      launch(runner, &there);
      drop_handle(runner);
      posted = true;
    } catch (...) {
      packed::discard(runner);
      free_core(runner);
      drop_handle(c);
      std::lock_guard guard{lock};
      next.dropped = next.dropped || there.closed.load(std::memory_order_acquire);
    }
  } catch (std::bad_alloc const&) {
  }
  unpin_runtime(there);
  return posted;
}

// Pinned, so that it cannot go before the runner counts as one of its tasks. Null: here is as good; if its runtime has
// ended the callback is dropped.
runtime_core* wants_other_runtime(callback_record& r, runtime_core* here) noexcept {
  std::lock_guard guard{lock};
  if (r.dropped || r.rt == nullptr || r.rt == here) return nullptr;
  if (pin_runtime(r.rt) != nullptr) {
    if (!r.rt->closed.load(std::memory_order_acquire)) return r.rt;
    unpin_runtime(*r.rt);
  }
  r.dropped = true;
  return nullptr;
}

// The queue's runner: from now on until it is empty, here or, where a record says so, in a task elsewhere. `here`: whose
// runner task the caller is; null on the completing thread, which may be inside of a task or of another callback.
void run_queue(future_core& c, runtime_core* here) noexcept {
  while (callback_record* const r = next_of(c)) {
    if (runtime_core* const there = wants_other_runtime(*r, here)) {
      put_back(c, *r);
      if (post_runner(c, *there, *r)) return;
      (void)next_of(c);
    }
    run_one(*r);
  }
}

bool begin_running(future_core& c) noexcept {
  std::lock_guard guard{side_lock(c)};
  side_block& side = *c.side.load(std::memory_order_relaxed);
  return side.first != nullptr && !std::exchange(side.running, true);
}

void take_over(callback_record& r, bool waited) noexcept {
  {
    std::lock_guard guard{lock};
    unlink(r);
    r.at = callback_record::stage::queued;
  }
  append(*r.core, r, waited);
}

// Taken out of the waiters' list: it will not run.
void withdraw(callback_record& r) noexcept {
  {
    std::lock_guard guard{lock};
    unlink(r);
  }
  (void)count_waiting(*r.core, -1);
  conclude(r);
}

}  // namespace

callback_record* add_callback(future_core& c, std::unique_ptr<callback_function> f, bool only_if_cancelled) {
  {
    std::lock_guard guard{side_lock(c)};
    (void)side_of(c);  // now, so that completion cannot fail
  }
  auto* const r = new callback_record(c, std::move(f), only_if_cancelled);
  r->locals = share(locals_here());
  add_handle(c);
  future_core const* const self = current_core();
  runtime_core* const rt = (self != nullptr ? *self : c).rt.load(std::memory_order_relaxed);
  if (rt != nullptr && pin_runtime(rt) != nullptr) {  // else it has ended: on the completing thread
    r->rt = rt;
    unpin_runtime(*rt);
  }
  {
    std::lock_guard guard{lock};
    link(*r);
  }
  (void)count_waiting(c, 1);
  if (!c.waiters.push(*r)) {
    // Those registered before come first; whoever completes the future is moving them to the queue.
    auto before = count_waiting(c, -1);
    for (backoff b; before != 0; before = count_waiting(c, 0)) b.pause();
    take_over(*r, false);
    run_callbacks(c);
  }
  return r;
}

void queue_callback(future_core&, wait_node& n) noexcept { take_over(static_cast<callback_record&>(n), true); }

void run_callbacks(future_core& c) noexcept {
  add_handle(c);
  if (begin_running(c)) run_queue(c, nullptr);
  drop_handle(c);
}

void reset_callback(callback_record& r) {
  future_core* core = nullptr;
  {
    std::lock_guard guard{lock};
    r.dropped = true;
    if (r.at == callback_record::stage::over) return;
    if (r.at == callback_record::stage::running && r.runner != nullptr && r.runner == current_core()) return;
    core = r.core;
    add_handle(*core);
  }
  if (core->waiters.remove(r)) withdraw(r);
  // Queued, it is skipped in its turn; running, it ends. Both without our help, so this wait is never cancelled.
  shield_scope const shield;
  parker& me = this_parker();
  wait_node n;
  n.who = &me;
  if (r.over.push(n)) {
    for (;;) {
      me.clear_kick();
      look_outward(current_core());
      bool over = false;
      {
        std::lock_guard guard{lock};
        // Behind a callback that calls us: it will be skipped, and cannot end before we return.
        over = r.at == callback_record::stage::over || r.at == callback_record::stage::queued;
      }
      if (over) break;
      park(me);
    }
    (void)r.over.remove(n);
  }
  drop_handle(*core);
}

void forget_callback(callback_record& r) noexcept { release(r); }

void drop_callbacks_of(runtime_core& rt) noexcept {
  for (;;) {
    callback_record* found = nullptr;
    future_core* core = nullptr;
    {
      std::lock_guard guard{lock};
      for (callback_record* r = registered; r != nullptr && found == nullptr; r = r->older) {
        if (r->rt == &rt) {
          r->dropped = true;
          r->rt = nullptr;
          ++r->owners;
          core = r->core;
          add_handle(*core);
          found = r;
        }
      }
    }
    if (found == nullptr) return;
    if (core->waiters.remove(*found)) withdraw(*found);
    drop_handle(*core);
    release(*found);
  }
}

}  // namespace weft::detail
