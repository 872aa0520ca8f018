#pragma once
// A logical fiber: a parker, and the scheduler that resumes its owner, reduced to one event.
#include <weft/detail/parker.hpp>

#include "tests/model/explorer.hpp"

namespace weft::model {

struct fiber : detail::parker {
  fiber() : parker(kind::fiber) {}
  event resumed;  // schedule() sets it: twice for one park is a violation

  // Owner. The parking is committed by the context that runs next, hence after everything of the owner's.
  void park() {
    context = 1;
    if (commit_park()) resumed.wait();
    check(context != 0, "no context");
  }
  static void schedule(detail::parker& p) {
    auto& f = static_cast<fiber&>(p);
    f.context = 2;  // a race, if it has not been saved before
    f.resumed.set();
  }
  void kick_it() {
    if (kick()) schedule(*this);
  }
  void expect_quiet() const { check(!resumed.is_set(), "scheduled without having been parked"); }

  detail::plain<int> context{0};  // stands for the registers and the stack
};

}  // namespace weft::model
