// with_timeout around a body: asyncio.timeout(). In simulations, where time is virtual, to the nanosecond.
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::clock;
using weft::with_timeout;

static_assert(!std::is_copy_constructible_v<weft::timeout> && !std::is_copy_assignable_v<weft::timeout>);
static_assert(!std::is_default_constructible_v<weft::timeout> && !std::is_constructible_v<weft::timeout, weft::deadline>);

namespace {
constexpr std::uint64_t seeds = 20;
}  // namespace

TEST_CASE("TO01 TO11 a body that overruns is cancelled inside, and it is a timeout_error outside; the task is healthy") {
  everywhere([] {
    bool expired = false, cancelled_inside = false;
    auto cause = weft::cancel_cause::requested;
    CHECK_THROWS_AS(with_timeout(1ms,
                                 [&](weft::timeout& scope) {
                                   try {
                                     wait_for_ever();
                                   } catch (weft::cancelled const& e) {
                                     cancelled_inside = true;
                                     cause = e.cause();
                                     expired = scope.expired();
                                     CHECK(this_task::cancelling() == 1);
                                     throw;
                                   }
                                 }),
                    weft::timeout_error);
    CHECK(cancelled_inside);
    CHECK(expired);
    CHECK(cause == weft::cancel_cause::timeout);
    check_healthy();
  });
}

TEST_CASE("TO01 it comes when it is due, not before and not after") {
  in_simulations(seeds, [] {
    for (auto const d : {1ns, 1'000'000ns, 3'600'000'000'000ns}) {
      auto const begin = clock::now();
      CHECK_THROWS_AS(with_timeout(d, [] { this_task::sleep_for(100h); }), weft::timeout_error);
      CHECK(clock::now() - begin == d);
      auto const at = clock::now() + d;
      CHECK_THROWS_AS(with_timeout(at, [] { wait_for_ever(); }), weft::timeout_error);
      CHECK(clock::now() == at);
    }
  });
}

TEST_CASE("TO01 with real clocks: never early") {
  on_all([] {
    auto const at = clock::now() + 2ms;
    CHECK_THROWS_AS(with_timeout(at, [] { wait_for_ever(); }), weft::timeout_error);
    CHECK(clock::now() >= at);
  });
}

TEST_CASE("TO02 a body that ends in time: its value; when() stays, not expired; no timer fires later") {
  everywhere([] {
    auto const at = clock::now() + 1h;
    bool expired = true;
    std::optional<clock::time_point> when;
    CHECK(with_timeout(at, [&](weft::timeout& scope) {
            this_task::yield();
            expired = scope.expired();
            when = scope.when();
            return std::string("in time");
          }) == "in time");
    CHECK_FALSE(expired);
    CHECK(when == at);
    check_healthy();
  });
  in_simulations(seeds, [] {
    with_timeout(1s, [] { this_task::sleep_for(999ms); });
    CHECK_NOTHROW(this_task::sleep_for(1h));
  });
}

TEST_CASE("TO02 bodies return what they like: nothing, move-only values, copies of what they refer to") {
  on_all([] {
    int counted = 0;
    with_timeout(1h, [&] { ++counted; });
    CHECK(counted == 1);
    CHECK(*with_timeout(1h, [] { return std::make_unique<int>(7); }) == 7);
    int& referred = counted;
    static_assert(std::is_same_v<decltype(with_timeout(1h, [&]() -> int& { return referred; })), int>);
    CHECK(with_timeout(1h, [&]() -> int& { return referred; }) == 1);
  });
}

TEST_CASE("TO03 never, and durations too long for the clock, are no deadline") {
  everywhere([] {
    with_timeout(weft::never, [](weft::timeout& scope) {
      CHECK_FALSE(scope.when());
      CHECK_FALSE(this_task::deadline());
      this_task::yield();
      CHECK_FALSE(scope.expired());
    });
    with_timeout(std::chrono::hours::max(), [](weft::timeout& scope) {
      CHECK_FALSE(scope.when());
      this_task::yield();
    });
  });
}

TEST_CASE("TO04 a deadline that is zero or has passed: the body starts, and is interrupted at its first S call") {
  everywhere([] {
    weft::deadline const passed[] = {weft::deadline(0s), weft::deadline(-1h), weft::deadline(clock::now() - 1ns),
                                     weft::deadline(std::chrono::nanoseconds::min()), weft::deadline(clock::time_point::min())};
    void (*const calls[])() = {[] { this_task::yield(); },           [] { this_task::checkpoint(); },
                               [] { this_task::sleep_for(0s); },     [] { this_task::sleep_for(1ns); },
                               [] { wait_for_ever(); },          [] { weft::promise<>().get_future().get(); },
                               [] { (void)weft::promise<>().get_future().wait_for(0s); }};
    for (auto const& d : passed) {
      for (auto* const call : calls) {
        bool began = false, went_on = false, expired = false;
        CHECK_THROWS_AS(with_timeout(d,
                                     [&](weft::timeout& scope) {
                                       began = true;
                                       CHECK_FALSE(scope.expired());
                                       try {
                                         call();
                                       } catch (...) {
                                         expired = scope.expired();
                                         throw;
                                       }
                                       went_on = true;
                                     }),
                        weft::timeout_error);
        CHECK(began);
        CHECK_FALSE(went_on);
        CHECK(expired);
      }
    }
    check_healthy();
  });
}

TEST_CASE("TO05 past its deadline without an S call: completed work is not thrown away") {
  everywhere([] {
    CHECK(with_timeout(0s, [](weft::timeout& scope) {
            CHECK_FALSE(scope.expired());
            return 5;
          }) == 5);
    CHECK(with_timeout(-1s, [] { return 6; }) == 6);
    check_healthy();
  });
}

TEST_CASE("TO05 a poll that has seen the time-out, then a value: the value, and the request is taken back undelivered") {
  everywhere([] {
    CHECK(with_timeout(0s, [](weft::timeout& scope) {
            CHECK(this_task::cancel_requested());
            CHECK(this_task::cancelling() == 1);
            CHECK(scope.expired());
            return 5;
          }) == 5);
    check_healthy();
  });
}

TEST_CASE("TO06 an error of the body passes unchanged") {
  everywhere([] {
    CHECK(message_of<std::runtime_error>([] {
            with_timeout(1h, [] {
              this_task::yield();
              throw std::runtime_error("the body's");
            });
          }) == "the body's");
    CHECK(message_of<std::runtime_error>([] { with_timeout(0s, [] { throw std::runtime_error("at once"); }); }) == "at once");
    check_healthy();
  });
}

TEST_CASE("TO07 an error of the cleaning up replaces the timeout_error") {
  everywhere([] {
    CHECK(message_of<std::logic_error>([] {
            with_timeout(1us, [] {
              try {
                wait_for_ever();
              } catch (weft::cancelled const&) {
                throw std::logic_error("while cleaning up");
              }
            });
          }) == "while cleaning up");
    check_healthy();
  });
}

TEST_CASE("TO08 a cancellation from outside stays one, with its message; so does one during the cleaning up") {
  everywhere([] {
    weft::promise<> inside;
    bool expired = true;
    auto const t = weft::spawn([&] {
      with_timeout(1h, [&](weft::timeout& scope) {
        inside.set_value();
        try {
          wait_for_ever();
        } catch (weft::cancelled const& e) {
          expired = scope.expired();
          CHECK(e.cause() == weft::cancel_cause::requested);
          throw;
        }
      });
    });
    inside.get_future().wait();
    CHECK(t.cancel("from outside"));
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "from outside");
    CHECK(t.cancelling() == 1);
    CHECK_FALSE(expired);
  });
  in_simulations(seeds, [] {
    weft::promise<> cleaning;
    auto const t = weft::spawn([&] {
      with_timeout(1s, [&] {
        try {
          wait_for_ever();
        } catch (weft::cancelled const&) {
          cleaning.set_value();
          wait_for_ever();
        }
      });
    });
    cleaning.get_future().wait();
    CHECK(t.cancel("enough"));
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "enough");
    CHECK(t.cancelling() == 1);
  });
}
