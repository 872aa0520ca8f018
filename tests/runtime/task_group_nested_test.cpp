// Groups inside of groups and of time-outs: whose request is whose.
#include <stdexcept>
#include <string>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::task_group;
using weft::with_group;

namespace {
constexpr std::uint64_t seeds = 50;
}  // namespace

TEST_CASE("G12 nested: the inner group is one error of the outer one, itself a group; flatten() makes one level of it") {
  everywhere([] {
    try {
      with_group([](task_group& outer) {
        (void)outer.spawn([] {
          with_group([](task_group& inner) { (void)inner.spawn([] { fail("innermost"); }); });
        });
      });
      FAIL("nothing was thrown");
    } catch (weft::exception_group const& e) {
      CHECK(text_of(e) == "(innermost)");
      CHECK(text_of(e.flatten()) == "innermost");
    }
    CHECK(errors_of([] {
            with_group([](task_group&) {
              with_group([](task_group& inner) {
                (void)inner.spawn([] { fail("innermost"); });
                wait_for_ever();
              });
            });
          }) == "(innermost)");
    check_healthy();
  });
}

TEST_CASE("G13 a failure in the outer one ends a body that is in the inner one: only the outer group comes out") {
  for (bool const in_body : {true, false}) {
    everywhere([in_body] {
      std::string inner_threw;
      CHECK(errors_of([&] {
              with_group([&](task_group& outer) {
                weft::promise<> go;
                (void)outer.spawn([f = go.get_future()] {
                  f.wait();
                  fail("outer's");
                });
                inner_threw = errors_of([&] {
                  with_group([&](task_group& inner) {
                    (void)spawn_begun(inner, [] { wait_for_ever(); });
                    go.set_value();
                    if (in_body) wait_for_ever();
                  });
                });
                CHECK(this_task::cancelling() == 1);
                throw weft::cancelled();
              });
            }) == "outer's");
      CHECK(inner_threw == "cancelled: ");
      check_healthy();
    });
  }
}

TEST_CASE("G14 both fail at once: the inner throws its own, the outer's request is counted until it ends, and comes again") {
  for (int const before : {0, 1}) {
    for (bool const meets_it : {true, false}) {
      everywhere([=] {
        if (before == 1) REQUIRE(swallowed_request());
        CHECK(errors_of([&] {
                with_group([&](task_group& outer) {
                  auto const a = outer.spawn([] { fail("outer's"); });
                  CHECK(errors_of([&] {
                          with_group([&](task_group& inner) {
                            auto const b = inner.spawn([] { fail("inner's"); });
                            wait_shielded(a);
                            wait_shielded(b);
                            wait_for_ever();
                          });
                        }) == "inner's");
                  {
                    weft::shield_scope const shield;  // `a` is done a moment before its group hears of it
                    until([&] { return this_task::cancelling() == before + 1; });
                  }
                  if (meets_it) {
                    CHECK_THROWS_AS(this_task::yield(), weft::cancelled);
                    CHECK_NOTHROW(this_task::yield());
                  }
                });
              }) == "outer's");
        check_healthy(before);
        if (before == 1) CHECK(this_task::uncancel() == 0);
      });
    }
  }
}

TEST_CASE("G14 and outside there was a cancellation, too: it is the one that is left") {
  in_simulations(seeds, [] {
    auto const t = weft::spawn([] {
      CHECK(errors_of([] {
              with_group([](task_group& outer) {
                auto const a = outer.spawn([] { fail("outer's"); });
                CHECK(errors_of([&] {
                        with_group([&](task_group& inner) {
                          auto const b = inner.spawn([] { fail("inner's"); });
                          wait_shielded(a);
                          wait_shielded(b);
                          {
                            weft::shield_scope const until_cancelled;
                            this_task::sleep_for(2s);
                          }
                          CHECK(this_task::cancelling() == 3);
                          this_task::yield();
                        });
                      }) == "inner's");
                CHECK(this_task::cancelling() == 2);
                this_task::yield();
              });
            }) == "outer's");
      CHECK(this_task::cancelling() == 1);
      CHECK(message_of<weft::cancelled>([] { this_task::yield(); }) == "outside");
      check_healthy(1);
    });
    this_task::sleep_for(1s);
    CHECK(t.cancel("outside"));
    t.get();
  });
}

TEST_CASE("TO21 G14 a time-out fires, and a child fails while cleaning up: the group, and the time-out's request is gone with it") {
  for (int const before : {0, 1}) {
    in_simulations(seeds, [before] {
      if (before == 1) REQUIRE(swallowed_request());
      CHECK(errors_of([] {
              weft::with_timeout(1s, [] {
                with_group([](task_group& g) {
                  (void)spawn_begun(g, [] {
                    try {
                      wait_for_ever();
                    } catch (weft::cancelled const&) {
                      fail("cleaning up");
                    }
                  });
                });
              });
            }) == "cleaning up");
      check_healthy(before);
      if (before == 1) CHECK(this_task::uncancel() == 0);
    });
  }
}
