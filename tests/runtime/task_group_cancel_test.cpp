// Task groups and cancellation: from outside, by a failure, by cancel(); requests are taken back exactly once.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/shapes.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::task_group;
using weft::with_group;

namespace {

constexpr std::uint64_t seeds = 50;

void wait_for_ever() {
  weft::promise<> p;
  p.get_future().wait();
}

void check_healthy(int cancelling = 0) {
  CHECK(this_task::cancelling() == cancelling);
  CHECK_NOTHROW(this_task::yield());
  CHECK_NOTHROW(this_task::sleep_for(1ns));
}

[[noreturn]] void fail(char const* what) { throw std::runtime_error(what); }

// The messages of the errors of the group that f throws; groups inside in parentheses.
std::string text_of(weft::exception_group const& e) {  // NOLINT(misc-no-recursion)
  std::string all;
  for (auto const& p : e.exceptions()) {
    if (!all.empty()) all += ' ';
    try {
      std::rethrow_exception(p);
    } catch (weft::exception_group const& inner) {
      all += '(' + text_of(inner) + ')';
    } catch (std::exception const& inner) {
      all += inner.what();
    }
  }
  return all;
}

template <class F>
std::string errors_of(F&& f) {
  try {
    f();
  } catch (weft::exception_group const& e) {
    return text_of(e);
  } catch (weft::cancelled const& e) {
    return "cancelled: " + e.message();
  } catch (std::exception const& e) {
    return std::string("no group: ") + e.what();
  }
  return "nothing";
}

bool swallowed_request() {
  (void)this_task::self().cancel("swallowed");
  try {
    this_task::yield();
  } catch (weft::cancelled const&) {
    return true;
  }
  return false;
}

// Waits while nothing can be delivered.
template <class H>
void wait_shielded(H const& h) {
  weft::shield_scope const shield;
  h.wait();
  this_task::yield();
}

// A child that is inside of its wait before anything else happens.
template <class F>
auto spawn_begun(task_group& g, F f) {
  weft::promise<> inside;
  auto const there = inside.get_future();
  auto t = g.spawn([inside = std::move(inside), f]() mutable {
    inside.set_value();
    return f();
  });
  there.wait();
  return t;
}

}  // namespace

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
          }) == "child body");
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
                  CHECK(this_task::cancelling() == before + 1);
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

TEST_CASE("G22 cancelled again and again while it waits: the wait goes on, the children are asked once") {
  everywhere([] {
    int asked = 0;
    bool finished = false;
    weft::promise<> go_on, inside, cleaning;
    auto const t = weft::spawn([&, f = go_on.get_future()] {
      with_group([&](task_group& g) {
        (void)spawn_begun(g, [&] {
          try {
            wait_for_ever();
          } catch (weft::cancelled const&) {
            ++asked;
            cleaning.set_value();
            f.wait();
            finished = true;
            throw;
          }
        });
        inside.set_value();
      });
    });
    inside.get_future().wait();
    CHECK(t.cancel("first"));
    cleaning.get_future().wait();
    for (int i = 0; i != 3; ++i) {
      CHECK(t.cancel("again"));
      this_task::yield();
    }
    CHECK_FALSE(t.done());
    go_on.set_value();
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "first");
    CHECK(asked == 1);
    CHECK(finished);
    CHECK(t.cancelling() == 4);
  });
}

TEST_CASE("G24 cancel() ends children and body; no error; no request is left") {
  everywhere([] {
    std::string heard;
    bool went_on = false;
    with_group([&](task_group& g) {
      auto const t = spawn_begun(g, [&] {
        try {
          wait_for_ever();
        } catch (weft::cancelled const& e) {
          heard = e.message();
          CHECK(e.cause() == weft::cancel_cause::group);
          throw;
        }
      });
      g.cancel("that will do");
      g.cancel("again");
      CHECK_THROWS_AS((void)g.spawn([] {}), weft::group_closed_error);
      wait_for_ever();
      went_on = true;
    });
    CHECK(heard == "that will do");
    CHECK_FALSE(went_on);
    check_healthy();
  });
}

TEST_CASE("G24 a body with a value: interrupted by cancel(): task_cancelled_error; not interrupted: its value") {
  everywhere([] {
    try {
      (void)with_group([](task_group& g) {
        g.cancel();
        this_task::yield();
        return 1;
      });
      FAIL("nothing was thrown");
    } catch (weft::task_cancelled_error const& e) {
      CHECK(e.cause() == weft::cancel_cause::group);
    }
    check_healthy();
    CHECK(with_group([](task_group& g) {
            g.cancel();
            return 2;
          }) == 2);
    CHECK(with_group([](task_group& g) {
            g.cancel();
            try {
              this_task::yield();
            } catch (weft::cancelled const&) {
            }
            return 3;
          }) == 3);
    check_healthy();
  });
}

TEST_CASE("G24 cancel() by a child, by a plain thread, and of a task_group: the owner of that is not interrupted") {
  everywhere([] {
    with_group([](task_group& g) {
      (void)g.spawn([&] { g.cancel(); });
      wait_for_ever();
    });
    with_group([](task_group& g) {
      (void)g.spawn([&] { std::thread([&] { g.cancel(); }).join(); });
      wait_for_ever();
    });
    task_group g;
    auto const t = g.spawn([] { wait_for_ever(); });
    g.cancel("of the group");
    CHECK_NOTHROW(this_task::yield());
    g.join();
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "of the group");
    check_healthy();
  });
}

TEST_CASE("G24 cancel(), and a child fails while it cleans up: that error comes out") {
  everywhere([] {
    CHECK(errors_of([] {
            with_group([](task_group& g) {
              (void)spawn_begun(g, [] {
                try {
                  wait_for_ever();
                } catch (weft::cancelled const&) {
                  fail("cleaning up");
                }
              });
              g.cancel();
            });
          }) == "cleaning up");
    check_healthy();
  });
}

TEST_CASE("G24 cancel() and a cancellation from outside: that one goes out") {
  in_simulations(seeds, [] {
    auto const t = weft::spawn([] {
      with_group([](task_group& g) {
        g.cancel("the group's own");
        {
          weft::shield_scope const until_cancelled;
          this_task::sleep_for(2s);
        }
        this_task::yield();
      });
    });
    this_task::sleep_for(1s);
    CHECK(t.cancel("outside"));
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "outside");
    CHECK(t.cancelling() == 1);
  });
}

TEST_CASE("X5 an exception passes a task_group: its children are cancelled and waited for while the stack unwinds") {
  everywhere([] {
    bool cleaned = false;
    CHECK(message_of<std::runtime_error>([&] {
            task_group g;
            (void)spawn_begun(g, [&] {
              try {
                wait_for_ever();
              } catch (weft::cancelled const&) {
                this_task::sleep_for(1us);
                cleaned = true;
                throw;
              }
            });
            fail("passes");
          }) == "passes");
    CHECK(cleaned);
    check_healthy();
  });
}

TEST_CASE("X5 cancelled while ~task_group waits: it goes on waiting, the request comes later") {
  everywhere([] {
    weft::promise<> go_on, cleaning;
    bool cleaned = false;
    auto const t = weft::spawn([&, f = go_on.get_future()] {
      {
        task_group g;
        (void)spawn_begun(g, [&] {
          try {
            wait_for_ever();
          } catch (weft::cancelled const&) {
            cleaning.set_value();
            f.wait();
            cleaned = true;
            throw;
          }
        });
      }
      CHECK(this_task::cancelling() == 1);
      return message_of<weft::cancelled>([] { this_task::yield(); });
    });
    cleaning.get_future().wait();
    CHECK(t.cancel("later"));
    this_task::yield();
    go_on.set_value();
    CHECK(t.get() == "later");
    CHECK(cleaned);
  });
}
