// How cancel requests are counted, taken back, and which of several is heard.
#include <string>

#include "tests/support/shapes.hpp"

using namespace shapes;
namespace this_task = weft::this_task;
using weft::cancel_cause;

namespace {

// A task that has begun and waits until it is cancelled; then goes on with what `f` says.
template <class F>
auto begun(F f) {
  weft::promise<> inside;
  auto const there = inside.get_future();
  auto t = weft::spawn([inside = std::move(inside), f]() mutable {
    inside.set_value();
    try {
      never_done().wait();
    } catch (weft::cancelled const& e) {
      return f(e);
    }
    throw std::logic_error("not cancelled");
  });
  there.wait();
  return t;
}

}  // namespace

TEST_CASE("C08 two requests before delivery: one exception, the first message, a count of two") {
  everywhere([] {
    auto const t = weft::spawn([] {
      CHECK(this_task::self().cancel("first"));
      CHECK(this_task::self().cancel("second"));
      CHECK(this_task::cancelling() == 2);
      std::string seen;
      try {
        this_task::yield();
      } catch (weft::cancelled const& e) {
        seen = e.message();
        CHECK(e.cause() == cancel_cause::requested);
      }
      this_task::yield();  // nothing left to deliver
      CHECK(this_task::cancelling() == 2);
      return seen;
    });
    CHECK(t.get() == "first");
  });
}

TEST_CASE("C08 a request without a message does not pick up one that was taken back") {
  everywhere([] {
    auto const t = weft::spawn([] {
      (void)this_task::self().cancel("taken back");
      CHECK(this_task::uncancel() == 0);
      (void)this_task::self().cancel();
      return message_of<weft::cancelled>([] { this_task::yield(); });
    });
    CHECK(t.get() == "");
  });
}

TEST_CASE("C09 F05 F20 cancel() of a done task: false, and nothing changes") {
  reports seen;
  for_each_worker_count([&](unsigned workers) {
    weft::run(seen.options(workers), [] {
      auto const good = weft::spawn([] { return 1; });
      auto const bad = weft::spawn([] { throw std::runtime_error("looked at by cancel()"); });
      good.wait();
      bad.wait();
      CHECK_FALSE(good.cancel());
      CHECK_FALSE(bad.cancel());
      CHECK(good.cancelling() == 0);
      CHECK(good.get() == 1);
      CHECK(bad.state() == weft::task_state::failed);
    });
  });
  CHECK(seen.count() == 0);
}

TEST_CASE("C10 C12 cancelling() counts, uncancel() takes back, never below 0") {
  everywhere([] {
    CHECK(this_task::cancelling() == 0);
    CHECK(this_task::uncancel() == 0);
    auto const t = begun([](weft::cancelled const&) {
      CHECK(this_task::cancelling() == 1);
      CHECK(this_task::uncancel() == 0);
      CHECK(this_task::uncancel() == 0);
      return this_task::cancelling();
    });
    CHECK(t.cancelling() == 0);
    CHECK(t.cancel());
    CHECK(t.get() == 0);
  });
}

TEST_CASE("C11 uncancel() to 0 before delivery erases the request; to 1 it stays") {
  everywhere([] {
    auto const me = this_task::self();
    (void)me.cancel();
    (void)me.cancel();
    CHECK(this_task::uncancel() == 1);
    CHECK(this_task::cancel_requested());
    CHECK(this_task::uncancel() == 0);
    CHECK_FALSE(this_task::cancel_requested());
    CHECK_NOTHROW(this_task::yield());
  });
}

TEST_CASE("C13 after catch and uncancel a task can be cancelled again") {
  everywhere([] {
    weft::promise<> again;
    auto const t = begun([f = again.get_future(), &again](weft::cancelled const&) {
      (void)this_task::uncancel();
      again.set_value();
      never_done().wait();
    });
    CHECK(t.cancel("one"));
    again.get_future().wait();
    CHECK(t.cancel("two"));
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "two");
    CHECK(t.cancelling() == 1);
  });
}
