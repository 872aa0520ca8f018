// wait(), as_completed(): the half that does not depend on types.
#include <stdexcept>

#include "runtime/waiting.hpp"
#include <weft/errors.hpp>
#include <weft/wait.hpp>

namespace weft::detail {

void wait_for_some(std::span<completion> nodes, return_when when, std::int64_t until) {
  checkpoint();
  std::uint32_t all = 0, done = 0;
  bool failed = false;
  auto const count = [&](future_core const& c) {
    ++done;
    failed = failed || c.state() == job_state::failed;
  };
  for (completion const& n : nodes) {
    if (n.core == nullptr) continue;
    ++all;
    if (n.core->done()) count(*n.core);
  }
  if (all == 0) throw std::invalid_argument("weft: wait() for nothing would never end");
  auto const enough = [&] {
    return done == all || (when == return_when::first_completed && done != 0) || (when == return_when::first_exception && failed);
  };
  if (enough() || (until != no_limit && has_come(until))) return;

  parker& me = this_parker();
  future_core* const self = current_core();
  completions arriving;
  done = 0;
  for (completion& n : nodes) {
    if (n.core != nullptr) arriving.add(n);
  }
  arriving.ask(when == return_when::first_exception ? completions::failed : 0, when == return_when::first_completed ? 1 : all);
  auto const over = [&] {
    while (completion const* n = arriving.next()) count(*n->core);
    return enough();
  };
  // One that fails ends it, whoever that may be: inspection cannot know.
  completions const* const known = when == return_when::first_exception ? nullptr : &arriving;
  while (wait_until(me, self, {awaited::several, known}, until, true, over) == wait_end::interrupted) checkpoint();
}

completion_steps::completion_steps(std::vector<completion> nodes, std::int64_t until)
    : until_(until), nodes_(std::move(nodes)) {
  for (completion& n : nodes_) {
    if (n.core != nullptr) all_.add(n);
  }
}

std::optional<std::size_t> completion_steps::next() {
  checkpoint();
  if (given_ == all_.watched()) return std::nullopt;
  completion* n = all_.next();
  if (n == nullptr) {
    all_.ask(completions::any, 0);
    auto const over = [&] { return (n = all_.next()) != nullptr; };
    auto end = wait_end::over;
    while ((end = wait_until(this_parker(), current_core(), {awaited::several, &all_}, until_, true, over)) == wait_end::interrupted) checkpoint();
    all_.ask(0, 0);
    if (end == wait_end::late) throw timeout_error("weft: as_completed(): the deadline has passed");
  }
  ++given_;
  return static_cast<std::size_t>(n - nodes_.data());
}

void throw_empty_race() { throw std::invalid_argument("weft: a race of nobody has no winner"); }

}  // namespace weft::detail
