// Sharing work out: forks without handles, what becomes of those that others have taken, and how a team ends.
#include <weft/detail/loops.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "runtime/inspection/debug.hpp"
#include "runtime/inspection/task_records.hpp"
#include "runtime/task_locals.hpp"
#include "runtime/waiting.hpp"

namespace weft::detail {
namespace {

// Measured where a look around costs 30 to 60 ns.
constexpr std::int64_t short_piece = 2'000, long_piece = 20'000;  // ns
constexpr std::size_t largest_piece = 4096;  // of a loop whose bodies cost next to nothing: the next one may be dear
constexpr std::int64_t slice = 1'000'000;    // ns without a look at others
constexpr unsigned pieces_per_look = 64;     // where the pieces' size is given and their time is not taken

constexpr core_ops taker_ops{nullptr, nullptr, [](future_core&, job_state) noexcept {},
                             [](future_core&) noexcept -> std::exception_ptr& { std::terminate(); }, true};

// Those woken by what runs here, too: it has no intention to suspend.
void let_others_run(worker& w) noexcept {
  if (fiber* const f = w.slot() != nullptr ? w.give_slot() : nullptr) w.push_ready(f, false);
  w.visit();
}

}  // namespace

std::size_t checked_grain(std::ptrdiff_t grain) {
  if (grain < 0) throw std::invalid_argument("weft: a parallel loop's grain must not be negative (0: automatic)");
  return static_cast<std::size_t>(grain);
}

// --- the team

team::team(char const* what, std::source_location site) : home_(*this, checkpoint()), site_(site) {
  worker* const w = worker::current();
  future_core* const self = home_.self_;
  if (self == nullptr) (void)runtime_here(what);  // throws
  if (w == nullptr) {
    on_worker_ = false;
    return;
  }
  masked_ = self->mask != 0 || w->exceptions->uncaught != 0;
  if (self->scopes != nullptr || self->has(future_core::grouped | future_core::taker)) limit_ = nearest_deadline(*self);
  if (self->locals != nullptr) locals_ = share(self->locals);
}

void team::fail(std::exception_ptr e) noexcept {
  if ((said_.fetch_or(has_failed, std::memory_order_seq_cst) & has_failed) == 0) error_ = std::move(e);
}

void team::cancel(std::exception_ptr e) noexcept {
  if ((said_.fetch_or(is_cancelled, std::memory_order_seq_cst) & is_cancelled) == 0) cancelled_by_ = std::move(e);
}

// What the bodies have set ends with them. An error comes before a cancellation. A request that came in two ways (shutdown asks
// takers, too) is thrown once.
void team::settle() {
  future_core& self = *home_.self_;
  if (self.locals != locals_) release(std::exchange(self.locals, share(locals_)));
  release(std::exchange(locals_, nullptr));
  auto const said = said_.load(std::memory_order_relaxed);
  if ((said & has_failed) != 0) {
    if (is_watched(self)) [[unlikely]] forget_delivery(self);
    std::rethrow_exception(std::move(error_));
  }
  if (is_watched(self)) [[unlikely]] let_go_of_delivery(self);
  if (request_) deliver(self, std::move(*request_), heard_before_);
  if ((said & is_cancelled) == 0) return;
  if (can_deliver(self)) deliver(self);
  std::rethrow_exception(std::move(cancelled_by_));
}

// --- a member, on its own fiber

bool member::fork(portion& p) noexcept {
  worker& w = *worker::current();
  try {
    w.make_room_for(p);
  } catch (std::bad_alloc const&) {
    return false;
  }
  p.before_ = std::exchange(newest_, &p);
  w.push(p);
  return true;
}

bool member::join(portion& p) noexcept {
  worker* w = worker::current();
  if (w->tick()) [[unlikely]] {
    w->visit();
    w = worker::current();
  }
  bool const mine = w->deque.newest() == &p && (!w->simulated || w->home.options.world->choose(2) == 0) && w->deque.pop() == &p;
  if (!mine) [[unlikely]] await(p);
  newest_ = p.before_;
  if (self_->locals != team_.locals_) [[unlikely]] release(std::exchange(self_->locals, share(team_.locals_)));
  return mine;
}

// Whoever waits for a part passes a cancellation on to all that work on parts of his.
struct member::wait : wait_record {
  explicit wait(member& m) noexcept : wait_record{&look}, mine(m), uncaught(worker::current()->exceptions->uncaught) {}

  static void look(wait_record& r, future_core& self) noexcept {
    auto& w = static_cast<wait&>(r);
    if (!hears(self, w.uncaught)) return;
    team& t = w.mine.team_;
    int const heard_before = mark_requests(self).heard;
    try {
      auto request = take_request(self, w.uncaught);
      if (request.cause() == cancel_cause::awaiter && ++w.passed_on > circle_limit) return;
      t.cancel(std::make_exception_ptr(request));
      w.mine.ask_all(request.message());
      if (&w.mine != &t.home_) return;
      if (!t.request_) t.heard_before_ = heard_before;
      t.request_ = std::move(request);
    } catch (...) {  // no memory for the message: it goes without
      t.cancel(std::current_exception());
      w.mine.ask_all({});
    }
  }

  member& mine;
  unsigned const uncaught;
  int passed_on = 0;
};

void member::await(portion& p) noexcept {
  parker& me = this_parker();
  if (p.end_.await(me)) {
    wait mine(*this);
    wait_record* const before = std::exchange(self_->waiting, &mine);
    (void)wait_until(me, self_, {awaited::part, &p}, no_limit, false, [&] { return p.end_.is_over(); });
    self_->waiting = before;
  }
  future_core* const runner = p.runner_.load(std::memory_order_relaxed);
  if (runner != nullptr && runner->drop_owner(job::one_weak)) destroy(*runner);
}

void member::ask_all(std::string_view message) noexcept {
  for (portion* p = newest_; p != nullptr; p = p->before_) p->ask_to_end(message);
}

void member::failed() noexcept {
  try {
    throw;
  } catch (cancelled const& e) {
    if (is_watched(*self_)) [[unlikely]] keep_delivery(*self_);
    team_.cancel(std::current_exception());
    ask_all(e.message());
  } catch (...) {
    team_.fail(std::current_exception());
  }
}

member::step member::next(pace& p) noexcept {
  if (stopped()) return step::stop;
  worker* w = worker::current();
  if (p.learns_) {
    auto const now = w->home.now();
    if (p.began_ != 0) p.learn(now - p.began_);
    if (p.looked_ == 0) p.looked_ = now;
    p.began_ = now;
    if (now - p.looked_ >= slice) [[unlikely]] {
      p.looked_ = p.began_ = 0;
      let_others_run(*w);
    }
  } else if (++p.pieces_ % pieces_per_look == 0) {
    let_others_run(*w);
  }
  try {
    (void)checkpoint();
  } catch (...) {
    failed();
    return step::stop;
  }
  return worker::current()->deque.empty() ? step::split : step::go_on;
}

void pace::learn(std::int64_t ns) noexcept {
  if (ns < short_piece) {
    size_ = std::min(2 * size_, largest_piece);
  } else if (ns > long_piece) {
    size_ = std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(size_) * long_piece / static_cast<double>(ns)));
  }
}

// --- a part, by whoever has its entry

// A task for it: seen by inspection, reached by shutdown, with the caller's locals, deadline and mask.
void portion::work_as_member() {
  worker& w = *worker::current();
  fiber& f = w.running();
  future_core const& caller = *team_.home_.self_;
  future_core& c = allocate_core(sizeof(std::int64_t));
  c.reset(job::one_entry + job::one_weak, job_state::running);
  c.ops = &taker_ops;
  c.flags.store(future_core::taker, std::memory_order_relaxed);
  deadline_of_taker(c) = team_.limit_;
  c.outer = nullptr;
  c.timed = false;
  c.mask = team_.masked_ ? 1 : 0;
  c.site.store(team_.site_.line() != 0 ? team_.site_ : caller.site.load(std::memory_order_relaxed), std::memory_order_relaxed);
  runtime_core& rt = *caller.rt.load(std::memory_order_relaxed);
  rt.adopt_taker(c, w, caller, team_.locals_);
  f.current.store(&c, std::memory_order_relaxed);
  c.where.store(&f, std::memory_order_release);
  runner_.store(&c, std::memory_order_seq_cst);
  if (recording()) [[unlikely]] record_begin(c);
  if (team_.said_.load(std::memory_order_seq_cst) == 0) {
    member mine(team_, &c);
    work_(*this, mine);
  }
  c.mask = 0;
  c.where.store(nullptr, std::memory_order_relaxed);
  f.current.store(nullptr, std::memory_order_release);
  finish_and_leave(c, job_state::finished);
}

void portion::run_taken() noexcept {
  if (!team_.stopped()) {
    try {
      work_as_member();
    } catch (...) {
      team_.fail(std::current_exception());
    }
  }
  finish();
}

void portion::fail_for_want_of_stack() noexcept {
  team_.fail(std::make_exception_ptr(std::bad_alloc()));
  finish();
}

void portion::finish() noexcept {
  if (parker* const waiting = end_.finish()) kick(*waiting);
}

void portion::ask_to_end(std::string_view message) noexcept {
  future_core* const runner = runner_.load(std::memory_order_seq_cst);
  if (runner == nullptr) return;
  try {
    (void)request_cancel(*runner, cancel_cause::awaiter, message);
  } catch (...) {  // no memory for the message: it goes without
    (void)request_cancel(*runner, cancel_cause::awaiter, {});
  }
}

}  // namespace weft::detail
