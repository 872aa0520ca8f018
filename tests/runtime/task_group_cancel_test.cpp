// Task groups, failures and cancellation: requests are taken back exactly once. More: task_group_nested_test.cpp, _stop_test.cpp.
#include <atomic>
#include <stdexcept>
#include <string>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::task_group;
using weft::with_group;

TEST_CASE("G07 the body, interrupted by a child's failure, fails, too: both errors, the body's last") {
  everywhere([] {
    CHECK(errors_of([] {
            with_group([](task_group& g) {
              (void)g.spawn([] { fail("child"); });
              try {
                wait_for_ever();
              } catch (weft::cancelled const&) {
                fail("body");
              }
            });
          }) == "child, body");
    check_healthy();
  });
}

TEST_CASE("G08 the body swallows the interruption and goes on: the group is thrown at the end all the same") {
  everywhere([] {
    bool went_on = false;
    CHECK(errors_of([&] {
            (void)with_group([&](task_group& g) {
              (void)g.spawn([] { fail("child"); });
              try {
                wait_for_ever();
              } catch (weft::cancelled const&) {
              }
              CHECK_NOTHROW(this_task::yield());  // thrown once
              went_on = true;
              return 1;
            });
          }) == "child");
    CHECK(went_on);
    check_healthy();
  });
}

TEST_CASE("G09 cancelled from outside: all children are cancelled and waited for; cancelled goes out, with its message") {
  for (bool const in_body : {true, false}) {
    everywhere([in_body] {
      int cleaned = 0;
      weft::promise<> inside;
      auto const t = weft::spawn([&] {
        with_group([&](task_group& g) {
          (void)spawn_begun(g, [&] {
            try {
              wait_for_ever();
            } catch (weft::cancelled const& e) {
              CHECK(e.message() == "outside");
              for (int i = 0; i != 5; ++i) this_task::yield();
              ++cleaned;
              throw;
            }
          });
          inside.set_value();
          if (in_body) wait_for_ever();
        });
      });
      inside.get_future().wait();
      if (!in_body) until([&] { return t.state() == weft::task_state::suspended; });
      CHECK(t.cancel("outside"));
      CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "outside");
      CHECK(t.cancelling() == 1);
      CHECK(cleaned == 1);
    });
  }
}

TEST_CASE("G09 the same with a task_group, in join()") {
  everywhere([] {
    weft::promise<> inside;
    std::atomic<bool> child_ended{false};
    auto const t = weft::spawn([&] {
      task_group g;
      (void)spawn_begun(g, [&] {
        try {
          wait_for_ever();
        } catch (weft::cancelled const&) {
          child_ended = true;
          throw;
        }
      });
      inside.set_value();
      g.join();
    });
    inside.get_future().wait();
    CHECK(t.cancel("outside"));
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "outside");
    CHECK(child_ended);
  });
}

TEST_CASE("G09 join() entered with a request pending: the children are cancelled, those not begun never run") {
  run_on(1, [] {
    bool ran = false;
    auto const t = weft::spawn([&] {
      task_group g;
      (void)g.spawn([&] { ran = true; });
      (void)this_task::self().cancel("before");
      g.join();
    });
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "before");
    CHECK_FALSE(ran);
  });
}

TEST_CASE("G10 cancelled from outside, and a child fails while cleaning up: the errors win, the request comes at the next S call") {
  for (int const form : {0, 1, 2}) {  // in the body, at its end, in join()
    everywhere([form] {
      weft::promise<> inside;
      auto const t = weft::spawn([&] {
        auto const child = [] {
          try {
            wait_for_ever();
          } catch (weft::cancelled const&) {
            fail("cleaning up");
          }
        };
        CHECK(errors_of([&] {
                if (form == 2) {
                  task_group g;
                  (void)spawn_begun(g, child);
                  inside.set_value();
                  g.join();
                } else {
                  with_group([&](task_group& g) {
                    (void)spawn_begun(g, child);
                    inside.set_value();
                    if (form == 0) wait_for_ever();
                  });
                }
              }) == "cleaning up");
        CHECK(this_task::cancelling() == 1);
        CHECK(this_task::cancel_requested());
        auto const again = message_of<weft::cancelled>([] { this_task::yield(); });
        check_healthy(1);
        return again;
      });
      inside.get_future().wait();
      CHECK(t.cancel("outside"));
      CHECK(t.get() == "outside");
    });
  }
}

TEST_CASE("G10 a body that throws cancelled by itself while a child fails: no request, none comes later") {
  everywhere([] {
    CHECK(errors_of([] {
            with_group([](task_group& g) {
              auto const t = g.spawn([] { fail("child"); });
              wait_shielded(t);
              throw weft::cancelled("by itself");
            });
          }) == "child");
    check_healthy();
    CHECK(errors_of([] { with_group([](task_group&) { throw weft::cancelled("by itself"); }); }) == "cancelled: by itself");
    check_healthy();
  });
}

TEST_CASE("G11 a failure that meets the end of the body leaves no request behind, whenever it comes") {
  int interrupted = 0, not_interrupted = 0;
  in_simulations(100, [&] {
    for (int round = 0; round != 16; ++round) {
      int const before = round % 2;
      if (before == 1) REQUIRE(swallowed_request());
      bool through = false;
      CHECK(errors_of([&] {
              with_group([&](task_group& g) {
                (void)g.spawn([round] {
                  for (int i = round / 2; i != 0; --i) this_task::yield();
                  fail("child");
                });
                for (int i = 0; i != 4; ++i) this_task::yield();
                through = true;
              });
            }) == "child");
      (through ? not_interrupted : interrupted) += 1;
      check_healthy(before);
      if (before == 1) CHECK(this_task::uncancel() == 0);
    }
  });
  CHECK(interrupted > 0);
  CHECK(not_interrupted > 0);
}

TEST_CASE("G11 the same on real workers") {
  on_all([] {
    for (int round = 0; round != 300; ++round) {
      CHECK(errors_of([&] {
              with_group([&](task_group& g) {
                (void)g.spawn([round] {
                  for (int i = round % 5; i != 0; --i) this_task::yield();
                  fail("child");
                });
                for (int i = round % 7; i != 0; --i) this_task::yield();
              });
            }) == "child");
      check_healthy();
    }
  });
}

TEST_CASE("G11 a failure that the body has only polled for is taken back undelivered") {
  everywhere([] {
    CHECK(errors_of([] {
            with_group([](task_group& g) {
              auto const t = g.spawn([] { fail("child"); });
              until([&] {
                weft::shield_scope const shield;
                this_task::yield();
                return t.done() && this_task::cancelling() == 1;
              });
              CHECK(this_task::cancel_requested());
            });
          }) == "child");
    check_healthy();
  });
}
