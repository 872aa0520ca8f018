// with_timeout among other requests, its scope while it lasts, and what this_task::deadline() says.
#include <stdexcept>
#include <string>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::clock;
using weft::with_timeout;

namespace {

constexpr std::uint64_t seeds = 20;

template <class F>
bool is_cancelled_by(F&& f) {
  try {
    f();
  } catch (weft::cancelled const&) {
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("TO09 time-out and cancellation at once: the cancellation wins, is counted once, and is the one that is heard") {
  for (bool const deadline_first : {true, false}) {
    in_simulations(seeds, [=] {
      bool expired = false;
      auto const t = weft::spawn([&] {
        std::string heard;
        try {
          with_timeout(deadline_first ? 1s : 3s, [&](weft::timeout& scope) {
            {
              weft::shield_scope const both_come_meanwhile;
              this_task::sleep_for(4s);
            }
            CHECK(this_task::cancelling() == 2);
            try {
              this_task::yield();
            } catch (weft::cancelled const& e) {
              expired = scope.expired();
              CHECK(e.cause() == weft::cancel_cause::requested);
              throw;
            }
          });
        } catch (weft::cancelled const& e) {
          heard = e.message();
        }
        CHECK(this_task::cancelling() == 1);
        CHECK_NOTHROW(this_task::yield());
        return heard;
      });
      this_task::sleep_for(2s);
      CHECK(t.cancel("stop"));
      CHECK(t.get() == "stop");
      CHECK(expired);
    });
  }
}

TEST_CASE("TO09 a request that is pending when the scope begins comes inside, and wins, too") {
  everywhere([] {
    auto const t = weft::spawn([] {
      (void)this_task::self().cancel("before");
      with_timeout(0s, [] { this_task::yield(); });
    });
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "before");
    CHECK(t.cancelling() == 1);
  });
}

TEST_CASE("TO09 the time-out's request is taken back undelivered, and the cancellation is still the other's own") {
  everywhere([] {
    auto const t = weft::spawn([] {
      with_timeout(0s, [] {
        CHECK(this_task::cancel_requested());
        (void)this_task::self().cancel("mine");
      });
      CHECK(this_task::cancelling() == 1);
      try {
        this_task::yield();
      } catch (weft::cancelled const& e) {
        CHECK(e.cause() == weft::cancel_cause::requested);
        return e.message();
      }
      return std::string("not delivered");
    });
    CHECK(t.get() == "mine");
  });
}

TEST_CASE("TO10 a body that swallows the cancellation and returns: no error, expired, the count as before") {
  everywhere([] {
    bool expired = false;
    CHECK(with_timeout(1us, [&](weft::timeout& scope) {
            CHECK(is_cancelled_by([] { wait_for_ever(); }));
            expired = scope.expired();
            CHECK(this_task::cancelling() == 1);
            this_task::yield();  // thrown once
            return 3;
          }) == 3);
    CHECK(expired);
    check_healthy();
  });
}

TEST_CASE("TO11 a request that was swallowed before keeps its count, and the time-out is still its own") {
  everywhere([] {
    (void)this_task::self().cancel();
    CHECK(is_cancelled_by([] { this_task::yield(); }));
    CHECK(this_task::cancelling() == 1);
    CHECK_THROWS_AS(with_timeout(1us, [] { wait_for_ever(); }), weft::timeout_error);
    CHECK(this_task::cancelling() == 1);
    CHECK_NOTHROW(this_task::yield());
    CHECK(this_task::uncancel() == 0);
  });
}

TEST_CASE("TO18 X5 while the stack unwinds a time-out expires and interrupts nothing") {
  in_simulations(seeds, [] {
    struct cleaner {
      bool& expired;
      ~cleaner() {
        with_timeout(1s, [this](weft::timeout& scope) {
          this_task::sleep_for(2s);
          expired = scope.expired();
        });
      }
    };
    bool expired = false;
    try {
      cleaner const last{expired};
      throw std::runtime_error("unwind");
    } catch (std::runtime_error const&) {
    }
    CHECK(expired);
    check_healthy();
  });
}

TEST_CASE("TO17 reschedule: later, earlier, never; when() follows") {
  in_simulations(seeds, [] {
    auto const begin = clock::now();
    with_timeout(1s, [&](weft::timeout& scope) {
      this_task::sleep_for(500ms);
      scope.reschedule(1s);
      CHECK(scope.when() == begin + 1500ms);
      this_task::sleep_for(900ms);
      scope.reschedule(weft::never);
      CHECK_FALSE(scope.when());
      this_task::sleep_for(1h);
      CHECK_FALSE(scope.expired());
    });
    auto const again = clock::now();
    CHECK_THROWS_AS(with_timeout(weft::never,
                                 [&](weft::timeout& scope) {
                                   scope.reschedule(again + 3s);
                                   CHECK(scope.when() == again + 3s);
                                   scope.reschedule(2s);
                                   this_task::sleep_for(1h);
                                 }),
                    weft::timeout_error);
    CHECK(clock::now() == again + 2s);
    CHECK_THROWS_AS(with_timeout(1h,
                                 [](weft::timeout& scope) {
                                   scope.reschedule(0s);
                                   this_task::yield();
                                 }),
                    weft::timeout_error);
    check_healthy();
  });
}

TEST_CASE("TO17 the outer one is rescheduled from inside another: it counts when that has ended, too") {
  everywhere([] {
    CHECK_THROWS_AS(with_timeout(weft::never,
                                 [](weft::timeout& outer) {
                                   with_timeout(weft::never, [&] { outer.reschedule(-1s); });
                                   this_task::yield();
                                 }),
                    weft::timeout_error);
    check_healthy();
  });
}

TEST_CASE("TO17 only the owner may reschedule: another task, also one that runs inside of a join: std::logic_error") {
  everywhere([] {
    with_timeout(1h, [](weft::timeout& scope) {
      auto const when = scope.when();
      auto child = weft::fork([&] { CHECK_THROWS_AS(scope.reschedule(2h), std::logic_error); });
      child.wait();
      auto joined = weft::fork([&] { CHECK_THROWS_AS(scope.reschedule(weft::never), std::logic_error); });
      joined.get();
      CHECK(scope.when() == when);
    });
  });
}

TEST_CASE("TO18 reschedule of one that has expired: invalid_state_error, and it names the state") {
  everywhere([] {
    CHECK_THROWS_AS(with_timeout(1us,
                                 [](weft::timeout& scope) {
                                   try {
                                     wait_for_ever();
                                   } catch (weft::cancelled const&) {
                                     auto const said = message_of<weft::invalid_state_error>([&] { scope.reschedule(1h); });
                                     CHECK(said.find("expired") != std::string::npos);
                                     throw;
                                   }
                                 }),
                    weft::timeout_error);
  });
}

TEST_CASE("TO20 outside of a task: no_runtime_error, the body does not run; on a thread of run_blocking there is a task") {
  bool ran = false;
  CHECK_THROWS_AS(with_timeout(1h, [&] { ran = true; }), weft::no_runtime_error);
  CHECK_FALSE(ran);
  on_all([] {
    auto const t = weft::run_blocking([] {
      CHECK(with_timeout(1h, [] { return 1; }) == 1);
      CHECK_THROWS_AS(with_timeout(0s, [] { this_task::yield(); }), weft::timeout_error);
      CHECK_THROWS_AS(with_timeout(1ms, [] { wait_for_ever(); }), weft::timeout_error);
      check_healthy();
      return 2;
    });
    CHECK(t.get() == 2);
  });
}

TEST_CASE("TO21 with a group inside: the children are cancelled; a child's error while cleaning up comes out as the group's") {
  everywhere([] {
    int ended = 0;
    CHECK_THROWS_AS(with_timeout(1ms,
                                 [&] {
                                   weft::with_group([&](weft::task_group& g) {
                                     (void)g.spawn([&] {
                                       if (is_cancelled_by([] { wait_for_ever(); })) ++ended;
                                       throw weft::cancelled();
                                     });
                                   });
                                 }),
                    weft::timeout_error);
    CHECK(ended == 1);
    check_healthy();
    try {
      with_timeout(1ms, [&] {
        weft::with_group([&](weft::task_group& g) {
          (void)g.spawn([&] {
            try {
              wait_for_ever();
            } catch (weft::cancelled const&) {
              throw std::runtime_error("cleaning up");
            }
          });
        });
      });
      FAIL("nothing was thrown");
    } catch (weft::exception_group const& e) {
      REQUIRE(e.failures().size() == 1);
      CHECK(message_of<std::runtime_error>([&] { std::rethrow_exception(e.exceptions()[0]); }) == "cleaning up");
    }
    check_healthy();
  });
}

TEST_CASE("TO23 this_task::deadline() is the nearest of the enclosing ones; a group's children inherit it") {
  everywhere([] {
    CHECK_FALSE(this_task::deadline());
    auto const far = clock::now() + 2h, near = clock::now() + 1h;
    with_timeout(far, [&] {
      CHECK(this_task::deadline() == far);
      with_timeout(near, [&](weft::timeout& scope) {
        CHECK(this_task::deadline() == near);
        weft::with_group([&](weft::task_group& g) {
          (void)g.spawn([&] {
            CHECK(this_task::deadline() == near);
            with_timeout(far, [&] { CHECK(this_task::deadline() == near); });
            weft::task_group below;
            (void)below.spawn([&] { CHECK(this_task::deadline() == near); });
            below.join();
          });
          (void)g.spawn([&] { with_timeout(near - 1min, [&] { CHECK(this_task::deadline() == near - 1min); }); });
        });
        auto const alone = weft::spawn([] { return this_task::deadline(); });
        CHECK_FALSE(alone.get());  // no part of this one's life
        scope.reschedule(weft::never);
        CHECK(this_task::deadline() == far);
      });
      with_timeout(weft::never, [&] { CHECK(this_task::deadline() == far); });
    });
    CHECK_FALSE(this_task::deadline());
  });
  CHECK_FALSE(this_task::deadline());
}
