// Cancellation of one task: requests, delivery, swallowing, cleaning up. Counts: cancel_count_test;
// what get() passes on: cancel_forward_test.
#include <memory>
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

TEST_CASE("C01 cancelled before its first step a task never runs, and ends cancelled with the message") {
  auto const body = [](bool alone) {
    auto const kept = std::make_shared<int>(1);
    bool ran = false;
    auto const t = weft::spawn([&ran, kept] {
      ran = true;
      never_done().wait();
    });
    CHECK(t.cancel("not needed"));
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "not needed");
    CHECK(t.cancelled());
    CHECK(t.state() == weft::task_state::cancelled);
    if (alone) CHECK_FALSE(ran);
    CHECK(kept.use_count() == 1);
  };
  for_each_worker_count([&](unsigned workers) { run_on(workers, [&] { body(workers == 1); }); });
  in_simulations(10, [&] { body(true); });
}

TEST_CASE("C01 a plain thread's cancel, too, meets a task that never starts, or one that has begun") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    for (int i = 0; i != 200; ++i) {
      auto const t = rt.spawn([] { never_done().wait(); });
      CHECK(t.cancel());
      CHECK_THROWS_AS(t.get(), weft::task_cancelled_error);
    }
  });
}

TEST_CASE("C02 a task that waits for a future is woken at once; the future is left alone") {
  everywhere([] {
    weft::promise<int> p;
    weft::promise<> inside;
    auto const t = weft::spawn([f = p.get_future(), &inside] {
      inside.set_value();
      f.wait();
    });
    inside.get_future().wait();
    CHECK(t.cancel());
    t.wait();
    CHECK(t.cancelled());
    CHECK_FALSE(p.cancelled());
    p.set_value(1);
  });
}

TEST_CASE("C05 the canceller may be the task itself: it takes effect at the next checkpoint") {
  everywhere([] {
    bool went_on = false;
    bool passed = false;
    auto const t = weft::spawn([&] {
      CHECK(this_task::self().cancel("enough"));
      went_on = true;
      this_task::checkpoint();
      passed = true;
    });
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "enough");
    CHECK(went_on);
    CHECK_FALSE(passed);
  });
}

TEST_CASE("C05 every call that may suspend is a checkpoint, also when it would not block") {
  everywhere([] {
    weft::promise<int> ready;
    ready.set_value(1);
    auto const f = ready.get_future();
    auto const throws = [](auto call) {
      (void)this_task::self().cancel();
      try {
        call();
      } catch (weft::cancelled const&) {
        return true;
      }
      return false;
    };
    CHECK(throws([&] { f.wait(); }));
    CHECK(throws([&] { (void)f.wait_for(std::chrono::seconds(0)); }));
    CHECK(throws([&] { (void)f.wait_until(weft::never); }));
    CHECK(throws([&] { (void)f.get(); }));
    CHECK(throws([&] { (void)f.take(); }));
    CHECK(throws([&] { (void)weft::future<int>(f).get(); }));
    CHECK(throws([&] { this_task::yield(); }));
    CHECK(throws([&] { this_task::checkpoint(); }));
    CHECK(throws([&] { this_task::sleep_for(std::chrono::hours(1)); }));
    CHECK(throws([&] { this_task::sleep_for(std::chrono::hours(-1)); }));
    CHECK(throws([&] { this_task::sleep_until(weft::clock::now()); }));
    CHECK(throws([&] { weft::fork([] {}).wait(); }));
    CHECK(f.get() == 1);  // and the value is still there
  });
}

TEST_CASE("C05 calls that do not suspend deliver nothing") {
  everywhere([] {
    auto const t = weft::spawn([] {
      (void)this_task::self().cancel();
      auto child = weft::spawn([] { return 1; });
      weft::promise<int> p;
      p.set_value(2);
      CHECK(p.get_future().result() == 2);
      CHECK(p.get_future().done());
      auto const registered = p.get_future().on_done([](auto const&) {});
      (void)child.cancel();
      (void)this_task::name();
      (void)weft::all_tasks();
      CHECK(this_task::cancel_requested());
      CHECK(this_task::uncancel() == 0);
      return 3;
    });
    CHECK(t.get() == 3);
  });
}

TEST_CASE("C06 a value returned while a request is pending is kept: finished") {
  everywhere([] {
    auto const t = weft::spawn([] {
      (void)this_task::self().cancel();
      return 7;
    });
    CHECK(t.get() == 7);
    CHECK(t.state() == weft::task_state::finished);
    CHECK_FALSE(t.cancelled());
  });
}

TEST_CASE("X2 C14 C15 a task may swallow the cancellation, go on waiting, and return a value") {
  everywhere([] {
    weft::promise<int> later;
    weft::promise<> swallowed;
    auto const t = begun([f = later.get_future(), &swallowed](weft::cancelled const&) {
      swallowed.set_value();
      this_task::yield();
      this_task::sleep_for(std::chrono::nanoseconds(1));
      return f.get();
    });
    CHECK(t.cancel());
    swallowed.get_future().wait();
    later.set_value(42);
    CHECK(t.get() == 42);
    CHECK(t.cancelling() == 1);
    CHECK(t.state() == weft::task_state::finished);
  });
}

TEST_CASE("X6 C14 catch (std::exception const&) lets a cancellation by") {
  everywhere([] {
    bool caught = false;
    auto const t = weft::spawn([&caught] {
      (void)this_task::self().cancel();
      try {
        this_task::yield();
      } catch (std::exception const&) {
        caught = true;
      }
    });
    t.wait();
    CHECK(t.cancelled());
    CHECK_FALSE(caught);
  });
}

TEST_CASE("C16 another error thrown while being cancelled: failed with that error") {
  everywhere([] {
    auto const t = begun([](weft::cancelled const&) { throw std::domain_error("cleaning up went wrong"); });
    CHECK(t.cancel());
    CHECK(message_of<std::domain_error>([&] { t.get(); }) == "cleaning up went wrong");
    CHECK(t.state() == weft::task_state::failed);
    CHECK_FALSE(t.cancelled());
  });
}

TEST_CASE("X7 C18 the handler may suspend, and the same request does not interrupt it again") {
  everywhere([] {
    weft::promise<> go_on, cleaning;
    int steps = 0;
    auto const t = begun([&, f = go_on.get_future()](weft::cancelled const& e) {
      cleaning.set_value();
      this_task::yield();
      ++steps;
      f.wait();
      ++steps;
      CHECK(weft::spawn([] { return 3; }).get() == 3);
      ++steps;
      throw e;
    });
    CHECK(t.cancel("stop"));
    cleaning.get_future().wait();
    go_on.set_value();
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "stop");
    CHECK(steps == 3);
  });
}

TEST_CASE("C19 a second cancel() interrupts the cleaning up") {
  everywhere([] {
    weft::promise<> cleaning;
    auto const t = begun([&](weft::cancelled const&) {
      cleaning.set_value();
      never_done().wait();
    });
    CHECK(t.cancel("first"));
    cleaning.get_future().wait();
    CHECK(t.cancel("second"));
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "second");
  });
}

TEST_CASE("C20 message and cause reach whoever joins, by get() and by exception()") {
  everywhere([] {
    auto const t = begun([](weft::cancelled const&) { throw; });
    CHECK(t.cancel("why not"));
    t.wait();
    for (int i = 0; i != 2; ++i) {
      CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "why not");
      CHECK(message_of<weft::task_cancelled_error>([&] { (void)t.exception(); }) == "why not");
    }
    try {
      t.get();
    } catch (weft::task_cancelled_error const& e) {
      CHECK(e.cause() == cancel_cause::requested);
    }
  });
}

TEST_CASE("a body that throws cancelled itself ends cancelled, with its message and cause") {
  everywhere([] {
    auto const t = weft::spawn([] { throw weft::cancelled("my own idea", cancel_cause::timeout); });
    try {
      t.get();
      FAIL("no error");
    } catch (weft::task_cancelled_error const& e) {
      CHECK(std::string(e.what()) == "my own idea");
      CHECK(e.cause() == cancel_cause::timeout);
    }
    CHECK(t.cancelling() == 0);
  });
}

TEST_CASE("C24 cancelled in the middle of a constructor: what was made of the object is destroyed, once") {
  for_each_worker_count([](unsigned workers) {
    weft::run({.workers = workers}, [] {
      static std::atomic<int> alive{0};
      struct counted {
        counted() { ++alive; }
        ~counted() { --alive; }
      };
      struct connection {
        counted before;
        explicit connection(weft::promise<>& making) {
          making.set_value();
          this_task::sleep_for(weft::never);
        }
        counted after;
      };
      weft::promise<> making;
      auto const t = weft::spawn([&making] { (void)std::make_unique<connection>(making); });
      making.get_future().get();
      CHECK(alive == 2);
      CHECK(t.cancel());
      t.wait();
      CHECK(t.cancelled());
      CHECK(alive == 0);
    });
  });
}

TEST_CASE("C25 the cancellation of a detached task is not an error to be reported") {
  reports seen;
  for_each_worker_count([&](unsigned workers) {
    weft::run(seen.options(workers), [] {
      weft::spawn([] { never_done().wait(); }).detach();
      auto t = begun([](weft::cancelled const&) { throw; });
      (void)t.cancel();
      std::move(t).detach();
    });
  });
  CHECK(seen.count() == 0);
}

TEST_CASE("cancel_requested() is the poll of a loop that never suspends") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    weft::promise<> turning;
    auto const there = turning.get_future();
    auto const t = rt.spawn([turning = std::move(turning)]() mutable {
      turning.set_value();
      while (!this_task::cancel_requested()) {
      }
      CHECK(this_task::cancel_requested());  // it takes nothing
      this_task::checkpoint();
    });
    there.wait();
    CHECK(t.cancel());
    CHECK_THROWS_AS(t.get(), weft::task_cancelled_error);
  });
}

TEST_CASE("cancel() of a promise's future: done, its waiters woken, before it returns") {
  everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    auto const t = weft::spawn([f] { return message_of<weft::task_cancelled_error>([&] { (void)f.get(); }); });
    CHECK(f.cancel("given up"));
    CHECK(f.done());
    CHECK(p.cancelled());
    CHECK_FALSE(f.cancel());
    CHECK_FALSE(p.try_set_value(1));
    CHECK(t.get() == "given up");
  });
}
