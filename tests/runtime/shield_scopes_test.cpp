// What begins inside a shield_scope: time-outs and groups in there work as ever, and what is outside is still put off.
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::with_timeout;

namespace {

constexpr std::uint64_t seeds = 20;

// What the first checkpoint throws: its message, or its cause; nothing: "none".
std::string next_request() {
  try {
    this_task::yield();
  } catch (weft::cancelled const& e) {
    return e.cause() == weft::cancel_cause::timeout ? "timeout" : e.cause() == weft::cancel_cause::group ? "group" : e.message();
  }
  return "none";
}

}  // namespace

TEST_CASE("SH07 TO08 a time-out inside shield_scope, and a request from outside: the time-out inside, the request after") {
  everywhere([] {
    auto const t = weft::spawn([] {
      {
        weft::shield_scope const shield;
        (void)this_task::self().cancel("from outside");
        CHECK_THROWS_AS(with_timeout(1us, [] { wait_for_ever(); }), weft::timeout_error);
        CHECK_THROWS_AS(with_timeout(0s, [] { this_task::yield(); }), weft::timeout_error);
        CHECK_THROWS_AS(with_timeout(0s, [] { this_task::checkpoint(); }), weft::timeout_error);
        CHECK(with_timeout(1h, [] { return next_request(); }) == "none");
        CHECK(this_task::cancelling() == 1);
        CHECK_FALSE(this_task::cancel_requested());
        CHECK(next_request() == "none");
      }
      CHECK(next_request() == "from outside");
      CHECK(this_task::uncancel() == 0);
      check_healthy();
    });
    t.get();
  });
}

TEST_CASE("SH07 in whatever order they come, each keeps its cause and its message") {
  everywhere([] {
    auto const t = weft::spawn([] {
      for (bool const time_out_first : {true, false}) {
        {
          weft::shield_scope const shield;
          CHECK_THROWS_AS(with_timeout(0s,
                                       [&] {
                                         if (time_out_first) CHECK(this_task::cancel_requested());
                                         (void)this_task::self().cancel("another's");
                                         CHECK(next_request() == "timeout");
                                         CHECK(next_request() == "none");  // thrown once
                                         throw weft::cancelled("passed on");
                                       }),
                          weft::timeout_error);
          CHECK(this_task::cancelling() == 1);
        }
        CHECK(next_request() == "another's");
        CHECK(this_task::uncancel() == 0);
      }
      check_healthy();
    });
    t.get();
  });
}

TEST_CASE("SH07 TO10 swallowed inside: no error, expired, the count as before") {
  everywhere([] {
    weft::shield_scope const shield;
    bool expired = false;
    CHECK(with_timeout(1us, [&](weft::timeout& scope) {
            CHECK_THROWS_AS(wait_for_ever(), weft::cancelled);
            expired = scope.expired();
            this_task::yield();
            return 3;
          }) == 3);
    CHECK(expired);
    check_healthy();
  });
}

TEST_CASE("SH07 TO12 time-outs on both sides of the shield, overdue at once: each interrupts its own") {
  in_simulations(seeds, [] {
    bool inside = false, between = false;
    CHECK_THROWS_AS(with_timeout(1s,
                                 [&] {
                                   {
                                     weft::shield_scope const shield;
                                     try {
                                       with_timeout(2s, [] {
                                         with_timeout(3s, [] {
                                           {
                                             weft::shield_scope const deeper;
                                             this_task::sleep_for(4s);
                                           }
                                           CHECK(next_request() == "timeout");
                                           throw weft::cancelled("of the outer of the two");
                                         });
                                       });
                                     } catch (weft::timeout_error const&) {
                                       inside = true;
                                     }
                                     between = next_request() == "none";
                                   }
                                   CHECK(next_request() == "timeout");
                                   throw weft::cancelled("of the outermost");
                                 }),
                    weft::timeout_error);
    CHECK(inside);
    CHECK(between);
    check_healthy();
  });
}

TEST_CASE("SH07 TO13 the outer time-out passes first, and waits for the shield's end; the inner one comes in its time") {
  in_simulations(seeds, [] {
    auto const begin = weft::clock::now();
    CHECK_THROWS_AS(with_timeout(1s,
                                 [&] {
                                   {
                                     weft::shield_scope const shield;
                                     CHECK_THROWS_AS(with_timeout(5s, [] { wait_for_ever(); }), weft::timeout_error);
                                     CHECK(weft::clock::now() == begin + 5s);
                                   }
                                   wait_for_ever();
                                 }),
                    weft::timeout_error);
    CHECK(weft::clock::now() == begin + 5s);
    check_healthy();
  });
}

TEST_CASE("SH07 a shield inside the time-out keeps it out, as one around it does not") {
  in_simulations(seeds, [] {
    weft::shield_scope const around;
    with_timeout(1s, [] {
      weft::shield_scope const inside;
      this_task::sleep_for(2s);
      CHECK(next_request() == "none");
      CHECK_THROWS_AS(with_timeout(1s, [] { wait_for_ever(); }), weft::timeout_error);
      CHECK(next_request() == "none");
      CHECK(this_task::cancelling() == 1);
    });
    check_healthy();
  });
}

TEST_CASE("SH07 what the task waits for hears of it: a child, several, a group's children, a child of a child") {
  everywhere([] {
    auto const t = weft::spawn([] {
      {
        weft::shield_scope const shield;
        (void)this_task::self().cancel("from outside");
        int ended = 0;
        for (bool const nested : {false, true}) {
          CHECK_THROWS_AS(with_timeout(weft::never,
                                       [&](weft::timeout& scope) {
                                         weft::event begun;
                                         auto const waits = [&] {
                                           struct counts {
                                             int& n;
                                             ~counts() { ++n; }
                                           } const c{ended};
                                           begun.set();
                                           wait_for_ever();
                                         };
                                         auto child = weft::fork([&] { nested ? weft::fork(waits).get() : waits(); });
                                         begun.wait();
                                         scope.reschedule(0s);
                                         child.get();
                                       }),
                          weft::timeout_error);
        }
        CHECK(ended == 2);
        CHECK_THROWS_AS(with_timeout(1us, weft::spawn([] { wait_for_ever(); })), weft::timeout_error);
        CHECK_THROWS_AS(with_timeout(1us, [] { weft::gather([] { wait_for_ever(); }, [] { wait_for_ever(); }); }), weft::timeout_error);
        CHECK_THROWS_AS(with_timeout(1us, [] { weft::race([] { wait_for_ever(); }, [] { wait_for_ever(); }); }), weft::timeout_error);
        CHECK_THROWS_AS(with_timeout(1us, [] { weft::with_group([](weft::task_group& g) { g.spawn([] { wait_for_ever(); }); }); }),
                        weft::timeout_error);
        CHECK(this_task::cancelling() == 1);
      }
      CHECK(next_request() == "from outside");
    });
    t.get();
  });
}

TEST_CASE("SH07 W07 W10 a child that does not hear of it: its value stands, and the request comes at the next checkpoint") {
  in_simulations(seeds, [] {
    weft::shield_scope const shield;
    (void)this_task::self().cancel("from outside");
    CHECK_THROWS_AS(with_timeout(1s,
                                 [] {
                                   auto slow = weft::fork([] {
                                     weft::shield_scope const whole;
                                     this_task::sleep_for(2s);
                                     return 7;
                                   });
                                   CHECK(slow.get() == 7);
                                   CHECK(next_request() == "timeout");
                                   throw weft::cancelled("passed on");
                                 }),
                    weft::timeout_error);
    CHECK(next_request() == "none");
    CHECK(this_task::cancelling() == 1);
  });
}

TEST_CASE("SH07 G03 G24 a group inside: a child's failure, and cancel(), interrupt the body") {
  everywhere([] {
    auto const t = weft::spawn([] {
      {
        weft::shield_scope const shield;
        (void)this_task::self().cancel("from outside");
        CHECK(errors_of([] {
                weft::with_group([](weft::task_group& g) {
                  g.spawn([] { fail("a child"); });
                  wait_for_ever();
                });
              }) == "a child");
        bool interrupted = false;
        weft::with_group([&](weft::task_group& g) {
          g.spawn([&g] { g.cancel(); });
          try {
            wait_for_ever();
          } catch (weft::cancelled const& e) {
            interrupted = e.cause() == weft::cancel_cause::group;
            throw;
          }
        });
        CHECK(interrupted);
        CHECK(this_task::cancelling() == 1);
      }
      CHECK(next_request() == "from outside");
    });
    t.get();
  });
}

TEST_CASE("SH07 X5 while the stack unwinds: inside a shield made there a time-out works, without one it interrupts nothing") {
  in_simulations(seeds, [] {
    struct cleaner {
      bool shielded;
      std::string& said;
      ~cleaner() {
        std::optional<weft::shield_scope> shield;
        if (shielded) shield.emplace();
        try {
          with_timeout(1s, [] { this_task::sleep_for(2s); });
          said = "in time";
        } catch (weft::timeout_error const&) {
          said = "late";
        }
      }
    };
    auto const t = weft::spawn([] {
      for (bool const shielded : {true, false}) {
        std::string said;
        try {
          cleaner const last{shielded, said};
          (void)this_task::self().cancel();
          this_task::checkpoint();
        } catch (weft::cancelled const&) {
          (void)this_task::uncancel();
        }
        CHECK(said == (shielded ? "late" : "in time"));
        check_healthy();
      }
    });
    t.get();
  });
}

TEST_CASE("SH07 X5 a destructor inside of the time-out that unwinds is not interrupted by it") {
  in_simulations(seeds, [] {
    weft::shield_scope const shield;
    bool whole = false;
    struct cleaner {
      bool& whole;
      ~cleaner() {
        this_task::sleep_for(2s);
        whole = true;
      }
    };
    CHECK_THROWS_AS(with_timeout(1s,
                                 [&] {
                                   try {
                                     cleaner const last{whole};
                                     throw std::runtime_error("unwind");
                                   } catch (std::runtime_error const&) {
                                   }
                                   CHECK(whole);
                                   wait_for_ever();
                                 }),
                    weft::timeout_error);
    check_healthy();
  });
}

namespace {

// Waits, children, shields and time-outs, one in the other, as the dice fall.
void nest(storm::dice& dice, int depth) {  // NOLINT(misc-no-recursion)
  auto const any_time = [&dice] { return std::chrono::microseconds(dice.below(40)); };
  for (auto n = 1 + dice.below(3); n != 0; --n) {
    switch (depth == 0 ? dice.below(2) : dice.below(6)) {
      case 0: this_task::yield(); break;
      case 1: this_task::sleep_for(any_time()); break;
      case 2:
      case 3:
        try {
          with_timeout(any_time(), [&] { nest(dice, depth - 1); });
        } catch (weft::timeout_error const&) {
        }
        break;
      case 4: {
        weft::shield_scope const shield;
        nest(dice, depth - 1);
        break;
      }
      default: {
        storm::dice own(dice());
        weft::fork([&own, depth] { nest(own, depth - 1); }).get();
      }
    }
  }
}

// Inside a shield: none of the time-outs in there gets out, and nothing gets in.
bool nest_shielded(std::uint64_t seed, int depth) {
  storm::dice dice(seed);
  weft::shield_scope const shield;
  try {
    nest(dice, depth);
  } catch (...) {
    return false;
  }
  return next_request() == "none";
}

}  // namespace

TEST_CASE("storm SH07 shields and time-outs in each other, requests from outside at any time: inside the outermost shield none is heard, "
          "none is lost") {
  auto const seed = storm::seed();
  auto const rounds = storm::rounds(300, 30'000);
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [&] {
      for (std::uint64_t i = 0; i != rounds; ++i) {
        storm::dice dice(seed + i);
        auto const t = weft::spawn([s = dice()] {
          CHECK(nest_shielded(s, 4));
          int const sent = this_task::cancelling();
          int heard = 0;
          while (next_request() != "none") ++heard;
          CHECK((sent == 0 || heard != 0));
          CHECK(heard <= this_task::cancelling());
        });
        for (auto n = dice.below(4); n != 0; --n) {
          this_task::sleep_for(std::chrono::microseconds(dice.below(60)));
          (void)t.cancel();
        }
        t.wait();
        if (!t.cancelled()) t.result();  // else it had not begun
      }
    });
  });
}

TEST_CASE("storm SH07 X9 the same in the simulation, in any order") {
  auto const seed = storm::seed();
  auto const rounds = storm::rounds(300, 30'000);
  for (std::uint64_t i = 0; i != rounds; ++i) {
    CAPTURE(seed + i);
    weft::simulation(seed + i).run([s = seed + i] {
      storm::dice dice(s);
      auto const t = weft::spawn([seed = dice()] {
        CHECK(nest_shielded(seed, 5));
        int const sent = this_task::cancelling();
        CHECK((next_request() != "none") == (sent != 0));  // those of before are thrown as one
      });
      this_task::yield();
      for (int n = 0; n != 3; ++n) {
        this_task::sleep_for(std::chrono::microseconds(20 * n));
        (void)t.cancel();
      }
      t.wait();
    });
  }
}
