// with_timeout around a future: asyncio.wait_for().
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::clock;
using weft::with_timeout;

namespace {
constexpr std::uint64_t seeds = 20;
}  // namespace

TEST_CASE("W01 the task is cancelled and waited for before timeout_error appears") {
  everywhere([] {
    bool cleaned = false;
    auto const t = weft::spawn([&] {
      try {
        wait_for_ever();
      } catch (weft::cancelled const& e) {
        CHECK(e.cause() == weft::cancel_cause::awaiter);
        for (int i = 0; i != 10; ++i) this_task::yield();
        cleaned = true;
        throw;
      }
    });
    CHECK_THROWS_AS(with_timeout(1ms, t), weft::timeout_error);
    CHECK(cleaned);
    CHECK(t.cancelled());
    check_healthy();
  });
}

TEST_CASE("W01 exactly when it is due; a promise's future ends cancelled") {
  in_simulations(seeds, [] {
    weft::promise<int> p;
    auto const begin = clock::now();
    CHECK_THROWS_AS(with_timeout(2s, p.get_future()), weft::timeout_error);
    CHECK(clock::now() - begin == 2s);
    CHECK(p.cancelled());
    check_healthy();
  });
}

TEST_CASE("W02 a task that ignores the cancellation takes as long as it likes") {
  in_simulations(seeds, [] {
    auto const begin = clock::now();
    auto const stubborn = weft::spawn([] {
      weft::shield_scope const not_yet;
      this_task::sleep_for(10s);
    });
    CHECK_NOTHROW(with_timeout(1s, stubborn));  // and then it has its value: W07
    CHECK(clock::now() - begin == 10s);
    auto const slow = weft::spawn([] {
      weft::shield_scope const not_yet;
      this_task::sleep_for(10s);
      throw weft::cancelled();
    });
    CHECK_THROWS_AS(with_timeout(1s, slow), weft::timeout_error);
    CHECK(clock::now() - begin == 20s);
    check_healthy();
  });
}

TEST_CASE("W03 done already: its outcome, whatever the deadline says") {
  everywhere([] {
    for (weft::deadline const d : {weft::deadline(0s), weft::deadline(-1s), weft::deadline(clock::now() - 1h)}) {
      auto const good = weft::spawn([] { return 5; });
      auto const bad = weft::spawn([] { throw std::runtime_error("its error"); });
      auto const gone = weft::spawn([] { throw weft::cancelled("its own"); });
      good.wait();
      bad.wait();
      gone.wait();
      CHECK(with_timeout(d, good) == 5);
      CHECK(message_of<std::runtime_error>([&] { with_timeout(d, bad); }) == "its error");
      CHECK(message_of<weft::task_cancelled_error>([&] { with_timeout(d, gone); }) == "its own");
    }
    check_healthy();
  });
}

TEST_CASE("W03 values are moved out of the last handle, copied otherwise; move-only ones are always moved out") {
  everywhere([] {
    auto t = weft::spawn([] { return std::make_unique<int>(4); });
    CHECK(*with_timeout(1h, t) == 4);
    CHECK_THROWS_AS((void)t.get(), weft::invalid_state_error);
    CHECK(*with_timeout(1h, weft::spawn([] { return std::make_unique<int>(5); })) == 5);
    auto const s = weft::spawn([] { return std::string("kept"); });
    CHECK(with_timeout(1h, s) == "kept");
    CHECK(s.get() == "kept");
    with_timeout(1h, weft::spawn([] {}));
  });
}

TEST_CASE("W04 not started, and the deadline has passed: it never starts") {
  run_on(1, [] {
    bool ran = false;
    auto const t = weft::spawn([&] { ran = true; });
    CHECK_THROWS_AS(with_timeout(0s, t), weft::timeout_error);
    CHECK_FALSE(ran);
    CHECK(t.cancelled());
    check_healthy();
  });
}

TEST_CASE("W05 running, and the deadline has passed: cancelled, waited for, timeout_error") {
  everywhere([] {
    weft::promise<> inside;
    bool cleaned = false;
    auto const t = weft::spawn([&] {
      inside.set_value();
      try {
        wait_for_ever();
      } catch (weft::cancelled const&) {
        this_task::yield();
        cleaned = true;
        throw;
      }
    });
    inside.get_future().wait();
    CHECK_THROWS_AS(with_timeout(-1s, t), weft::timeout_error);
    CHECK(cleaned);
    check_healthy();
  });
}

TEST_CASE("W06 a result that comes with the deadline: either the value or timeout_error, and what it says is true") {
  int values = 0, late = 0;
  in_simulations(100, [&] {
    auto const at = clock::now() + 1s;
    weft::promise<int> p;
    auto const f = p.get_future();
    auto const setter = weft::spawn([&] {
      this_task::sleep_until(at);
      return p.try_set_value(3);
    });
    try {
      auto const value = with_timeout(at, f);
      ++values;
      CHECK(value == 3);
      CHECK(setter.get());
    } catch (weft::timeout_error const&) {
      ++late;
      CHECK(f.cancelled());
      CHECK_FALSE(setter.get());
    }
    check_healthy();
  });
  CHECK(values > 0);
  CHECK(late > 0);
}

TEST_CASE("W06 a result that is there when the deadline is looked at wins") {
  in_simulations(seeds, [] {
    auto const t = weft::spawn([] { return 7; });
    with_timeout(weft::never, [&](weft::timeout& scope) {
      this_task::sleep_for(1s);  // t is done
      CHECK(with_timeout(clock::now(), t) == 7);
      CHECK_FALSE(scope.expired());
    });
    check_healthy();
  });
}

TEST_CASE("W07 it swallows the cancellation and returns: its value, and no request is left behind") {
  everywhere([] {
    auto const t = weft::spawn([] {
      try {
        wait_for_ever();
      } catch (weft::cancelled const&) {
      }
      return std::string("all the same");
    });
    CHECK(with_timeout(1ms, t) == "all the same");
    check_healthy();
  });
}

TEST_CASE("W08 it fails while being cancelled: that error") {
  everywhere([] {
    auto const t = weft::spawn([] {
      try {
        wait_for_ever();
      } catch (weft::cancelled const&) {
        throw std::runtime_error("cleaning up");
      }
    });
    CHECK(message_of<std::runtime_error>([&] { with_timeout(1ms, t); }) == "cleaning up");
    check_healthy();
  });
}

TEST_CASE("W09 cancelling the waiter cancels the task, with and without a deadline; the message is its own") {
  for (bool const limited : {true, false}) {
    everywhere([limited] {
      weft::promise<> inside;
      weft::task<> inner;
      auto const outer = weft::spawn([&] {
        inner = weft::spawn([&] {
          inside.set_value();
          wait_for_ever();
        });
        with_timeout(limited ? weft::deadline(1h) : weft::deadline(weft::never), inner);
      });
      inside.get_future().wait();
      CHECK(outer.cancel("from above"));
      CHECK(message_of<weft::task_cancelled_error>([&] { outer.get(); }) == "from above");
      CHECK(outer.cancelling() == 1);
      CHECK(inner.cancelled());
    });
  }
}

TEST_CASE("W09 the task is cancelled by somebody else: no time-out, no cancellation of the waiter: task_cancelled_error") {
  everywhere([] {
    weft::promise<> inside;
    auto const t = weft::spawn([&] {
      inside.set_value();
      wait_for_ever();
    });
    auto const waiter = weft::spawn([t] { with_timeout(1h, t); });
    inside.get_future().wait();
    CHECK(t.cancel("another"));
    CHECK(message_of<weft::task_cancelled_error>([&] { waiter.get(); }) == "another");
    CHECK(waiter.state() == weft::task_state::failed);
  });
}

// The outer task is cancelled at the moment at which what it waits for ends: it keeps the value, and ends cancelled.
TEST_CASE("W10 a cancellation that comes just when the awaited ends is not lost: a task's value is there, the next wait throws") {
  for (bool const limited : {true, false}) {
    int kept = 0, passed_on = 0;
    in_simulations(200, [&] {
      auto const at = clock::now() + 1s;
      auto const inner = weft::spawn([at] {
        weft::shield_scope const only_once;
        this_task::sleep_until(at);
        return 8;
      });
      int got = 0;
      bool went_on = false;
      auto const outer = weft::spawn([&] {
        got = limited ? with_timeout(at + 1h, inner) : inner.get();
        this_task::sleep_for(1h);
        went_on = true;
      });
      this_task::sleep_until(at);
      CHECK(outer.cancel("outer"));
      outer.wait();
      CHECK_FALSE(went_on);
      CHECK(outer.cancelling() == 1);
      CHECK(message_of<weft::task_cancelled_error>([&] { outer.get(); }) == "outer");
      (got == 8 ? kept : passed_on) += 1;
    });
    CHECK(kept > 0);
  }
}

TEST_CASE("W10 the same with a promise's future, which is set at that moment") {
  for (bool const limited : {true, false}) {
    in_simulations(200, [&] {
      auto const at = clock::now() + 1s;
      weft::promise<int> p;
      auto const f = p.get_future();
      bool went_on = false;
      auto const outer = weft::spawn([&] {
        (void)(limited ? with_timeout(at + 1h, f) : f.get());
        this_task::sleep_for(1h);
        went_on = true;
      });
      auto const setter = weft::spawn([&] {
        this_task::sleep_until(at);
        (void)p.try_set_value(1);
      });
      this_task::sleep_until(at);
      CHECK(outer.cancel());
      outer.wait();
      setter.get();
      CHECK_FALSE(went_on);
      CHECK(outer.cancelled());
    });
  }
}

TEST_CASE("W10 a loop that joins one short task after the other hears a cancellation whenever it comes") {
  on_all([] {
    for (int i = 0; i != 200; ++i) {
      std::atomic<bool> inside{false};
      auto const loop = weft::spawn([&] {
        for (;;) {
          auto const t = weft::spawn([&inside] {
            inside = true;
            return 1;
          });
          (void)t.get();  // no S call but this
        }
      });
      until([&] { return inside.load(); });
      for (int k = i % 7; k != 0; --k) this_task::yield();
      CHECK(loop.cancel("enough"));
      loop.wait();
      CHECK(loop.cancelled());
    }
  });
}

TEST_CASE("W11 no deadline: get()") {
  everywhere([] {
    CHECK(with_timeout(weft::never, weft::spawn([] {
                         this_task::yield();
                         return 6;
                       })) == 6);
    CHECK(with_timeout(std::chrono::hours::max(), weft::spawn([] { return 7; })) == 7);
    CHECK(message_of<std::runtime_error>(
              [] { with_timeout(weft::never, weft::spawn([] { throw std::runtime_error("error"); })); }) == "error");
  });
}

TEST_CASE("W12 around a shield: timeout_error, and what is inside goes on and can be awaited later") {
  everywhere([] {
    weft::promise<> go_on;
    auto const inner = weft::spawn([f = go_on.get_future()] {
      f.wait();
      return 9;
    });
    CHECK_THROWS_AS(with_timeout(1ms, weft::shield(inner)), weft::timeout_error);
    CHECK_FALSE(inner.done());
    CHECK(inner.cancelling() == 0);
    go_on.set_value();
    CHECK(inner.get() == 9);
    CHECK(with_timeout(0s, weft::shield(inner)) == 9);
    check_healthy();
  });
}

TEST_CASE("W12 a time-out around run_blocking waits for the call") {
  on_all([] {
    std::atomic<bool> inside{false}, let_go{false}, over{false};
    auto const call = weft::run_blocking([&] {
      inside = true;
      while (!let_go) std::this_thread::yield();
      over = true;
    });
    auto const helper = weft::spawn([&] {
      until([&] { return call.cancelling() != 0; });
      let_go = true;
    });
    until([&] { return inside.load(); });
    CHECK_THROWS_AS(with_timeout(1ms, call), weft::timeout_error);
    CHECK(over);
    helper.get();
    check_healthy();
  });
}

TEST_CASE("with_timeout of a future outside of a task: no_runtime_error, and it is left alone") {
  weft::promise<int> p;
  auto const f = p.get_future();
  CHECK_THROWS_AS((void)with_timeout(1h, f), weft::no_runtime_error);
  CHECK_FALSE(f.done());
  CHECK_THROWS_AS((void)with_timeout(1h, weft::future<int>()), std::logic_error);
}
