// gather's and race's wait.
#include <weft/detail/joint.hpp>

#include <algorithm>
#include <limits>

#include "runtime/waiting.hpp"
#include <weft/exception_group.hpp>

namespace weft::detail {
namespace {

unsigned news_for(joint::decides d) noexcept {
  switch (d) {
    case joint::decides::first_error: return completions::failed | completions::ended_cancelled;
    case joint::decides::first_value: return completions::finished;
    case joint::decides::nothing: break;
  }
  return 0;
}

}  // namespace

joint::joint(decides d) noexcept
    : wait_record{&look},
      me_(this_parker()),
      self_(current_core()),
      before_(self_ != nullptr ? self_->waiting : nullptr),
      uncaught_(static_cast<unsigned>(std::uncaught_exceptions())),
      decides_(d),
      entered_requested_(self_ != nullptr && (look_around(*self_), can_deliver(*self_))) {
  if (self_ != nullptr) self_->waiting = this;
}

joint::~joint() {
  if (!over_) {
    cancel_rest({});
    wait_for_all();
  }
  if (self_ != nullptr) self_->waiting = before_;
}

void joint::look(wait_record& r, future_core& self) noexcept {
  auto& j = static_cast<joint&>(r);
  j.take_note();
  if (j.decided_ == nullptr && hears(self, j.uncaught_)) j.pass_on(self);  // uncaught: the joiner's own; an inlined child has its own
}

void joint::take_note() noexcept {
  while (completion* const n = all_.next()) {
    ++done_;
    note(*n);
  }
}

void joint::note(completion& n) noexcept {
  auto const s = n.core->state();
  bool const ended_by_us = request_ && s == job_state::cancelled;
  bool const error = s != job_state::finished && !ended_by_us;
  if (decided_ != nullptr || !(decides_ == decides::first_error ? error : decides_ == decides::first_value && s == job_state::finished)) return;
  decided_ = &n;
  if (!request_) cancel_rest({});
}

void joint::pass_on(future_core& self) noexcept {
  try {
    request_ = take_request(self, uncaught_);
    if (request_->cause() == cancel_cause::awaiter && ++passed_on_ > circle_limit) return;
    cancel_rest(request_->message());
  } catch (...) {  // no memory for the message: it goes without
    cancel_rest({});
  }
}

void joint::cancel_rest(std::string_view message) noexcept {
  for (completion* n = all_.last_added(); n != nullptr; n = n->added_before) {
    if (n->core->done()) continue;
    try {
      (void)request_cancel(*n->core, cancel_cause::awaiter, message);
    } catch (...) {
      (void)request_cancel(*n->core, cancel_cause::awaiter, {});
    }
  }
}

// A task that runs in place may end by plain stores that tell nobody (J4 in job.hpp), so it is not watched meanwhile.
void joint::run_unstarted() {
  for (completion* n = all_.last_added(); n != nullptr; n = n->added_before) {
    future_core& c = *n->core;
    if (!c.unclaimed() || c.kind != core_kind::task || !all_.unwatch(*n)) continue;
    if (run_in_place(c)) {
      take_note();  // of what has ended meanwhile; it has come before
      note(*n);
    } else {
      all_.watch(*n);
    }
    look(*this, *self_);
  }
}

void joint::add(completion& n) noexcept {
  if (n.core == nullptr) return;
  all_.add(n);
  if (decided_ != nullptr || request_) (void)request_cancel(*n.core, cancel_cause::awaiter, {});  // it comes too late
}

void joint::wait_for_all() noexcept {
  all_.ask(news_for(decides_), all_.watched());
  (void)wait_until(me_, self_, {awaited::several, &all_}, no_limit, false, [this] {
    take_note();
    return done_ == all_.watched();
  });
  settle();
}

void joint::settle() noexcept {
  over_ = true;
  all_.leave();
  for (completion* n = all_.last_added(); n != nullptr; n = n->added_before) {
    if (n->core->state() == job_state::failed) (void)error_of(*n->core);  // looked at
  }
}

void joint::wait(bool in_place) {
  take_note();
  if (done_ == all_.watched()) {
    settle();
    if (entered_requested_) checkpoint();
    return;
  }
  all_.ask(news_for(decides_), all_.watched());
  if (self_ != nullptr) {
    look(*this, *self_);
    if (in_place) run_unstarted();
  }
  wait_for_all();
}

bool joint::wait_turn(completion const& last, std::int64_t at) {
  all_.ask(completions::any, 0);
  (void)wait_until(me_, self_, {awaited::several, &all_}, at, false, [&] {
    take_note();
    return decided_ != nullptr || request_ || last.core->done();
  });
  return decided_ == nullptr && !request_;
}

void joint::throw_error() {
  if (decided_ != nullptr) rethrow(*decided_->core);
  throw_cancelled();
}

void joint::throw_cancelled() {
  if (request_) throw cancelled(std::move(*request_));
}

completion& joint::winner() {
  if (decided_ != nullptr) return *decided_;
  throw_cancelled();
  std::vector<failure> all;
  for (completion* n = all_.last_added(); n != nullptr; n = n->added_before) {
    future_core& c = *n->core;
    bool const is_promise = c.kind == core_kind::promise;
    all.push_back({thrown_by(c), c.id.load(std::memory_order_relaxed), is_promise ? std::string() : name_of(c),
                   c.site.load(std::memory_order_relaxed)});
  }
  std::reverse(all.begin(), all.end());
  throw exception_group("weft: nobody has won the race", std::move(all));
}

std::source_location joining_site() noexcept {
  future_core const* const self = current_core();
  return self != nullptr ? self->site.load(std::memory_order_relaxed) : std::source_location();
}

std::exception_ptr thrown_by(future_core& c) noexcept {
  try {
    rethrow(c);
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace weft::detail
