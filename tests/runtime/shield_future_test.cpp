// shield(future): a future that ends with another one and can be cancelled without it. (shield_scope: shield_test.cpp)
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include <weft/gather.hpp>
#include <weft/timeout.hpp>
#include <weft/wait.hpp>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

using namespace shapes;
namespace this_task = weft::this_task;

namespace {

template <class F>
void in_all_orders(F f) {
  on_all(f);
  in_simulations(60, f);
}

}  // namespace

TEST_CASE("SH01 SH06 get() of the shield, cancelled, throws at once; the inner one runs on") {
  in_all_orders([] {
    weft::promise<> begun, go_on;
    auto const inner = weft::spawn([&begun, f = go_on.get_future()] {
      begun.set_value();
      f.wait();
      return 5;
    });
    auto const outer = weft::spawn([inner] { return weft::shield(inner).get(); });
    begun.get_future().wait();
    CHECK(outer.cancel("the waiter alone"));
    CHECK(message_of<weft::task_cancelled_error>([&] { outer.get(); }) == "the waiter alone");
    CHECK_FALSE(inner.done());
    CHECK(inner.cancelling() == 0);
    go_on.set_value();
    CHECK(inner.get() == 5);
  });
}

TEST_CASE("SH01 cancel() of the shield ends it alone") {
  everywhere([] {
    weft::promise<int> p;
    auto const outer = weft::shield(p.get_future());
    auto const copy = outer;
    CHECK(outer.cancel("outer"));
    CHECK(copy.cancelled());
    CHECK(message_of<weft::task_cancelled_error>([&] { (void)copy.get(); }) == "outer");
    CHECK_FALSE(outer.cancel());
    CHECK_FALSE(p.cancelled());
    p.set_value(1);
    CHECK(outer.cancelled());
    CHECK(p.get_future().get() == 1);
  });
}

TEST_CASE("SH02 value, error and cancellation pass from the inner to the outer") {
  in_all_orders([] {
    weft::promise<std::string> value;
    weft::promise<> error, gone;
    auto const v = weft::shield(value.get_future());
    auto const e = weft::shield(error.get_future());
    auto const g = weft::shield(gone.get_future());
    CHECK_FALSE(v.done());
    auto const setter = weft::spawn([&] {
      value.set_value("shared");
      error.set_exception(std::make_exception_ptr(std::domain_error("passed on")));
      (void)gone.get_future().cancel("inner");
    });
    CHECK(v.get() == "shared");
    CHECK(message_of<std::domain_error>([&] { e.get(); }) == "passed on");
    CHECK(e.exception() == error.get_future().exception());
    CHECK(message_of<weft::task_cancelled_error>([&] { g.get(); }) == "inner");
    CHECK(g.cancelled());
    setter.wait();
  });
}

TEST_CASE("SH02 the value is shared, not copied: one object, move-only ones, moved out by the last handle, take()") {
  everywhere([] {
    auto const until_told = [](auto const& f, auto value) {
      return weft::spawn([f, v = std::move(value)]() mutable {
        f.get();
        return std::move(v);
      });
    };
    weft::promise<> go;
    auto inner = until_told(go.get_future(), std::make_unique<int>(3));
    auto outer = weft::shield(inner), second = weft::shield(outer);
    go.set_value();
    CHECK(&second.get() == &inner.get());
    CHECK(*outer.get() == 3);
    CHECK_THROWS_AS((void)std::move(second).get(), std::logic_error);  // others have handles
    CHECK(second.valid());
    inner = {};
    outer = {};
    CHECK(*std::move(second).get() == 3);

    weft::promise<> again;
    auto const other = until_told(again.get_future(), std::make_unique<int>(4));
    auto const taken = weft::shield(other);
    again.set_value();
    CHECK(*taken.take() == 4);
    CHECK_THROWS_AS((void)other.get(), weft::invalid_state_error);
    CHECK_THROWS_AS((void)taken.get(), weft::invalid_state_error);
    CHECK_THROWS_AS((void)taken.take(), weft::invalid_state_error);

    weft::promise<> third;
    auto words = until_told(third.get_future(), std::string("copied"));
    auto shielded = weft::shield(words);
    third.set_value();
    CHECK(std::move(shielded).get() == "copied");
    CHECK(words.get() == "copied");
  });
}

TEST_CASE("SH03 done already: returned as it is; an empty handle: invalid_state_error") {
  everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    CHECK_FALSE(weft::shield(f) == f);
    p.set_value(1);
    CHECK(weft::shield(f) == f);
    CHECK_THROWS_AS((void)weft::shield(weft::future<int>()), weft::invalid_state_error);
  });
}

TEST_CASE("SH04 F17 outer cancelled, inner fails later: reported once; success is silent") {
  for_each_worker_count([](unsigned workers) {
    reports seen;
    weft::run(seen.options(workers), [] {
      for (bool const fails : {true, false}) {
        weft::promise<> go_on;
        auto inner = weft::spawn([fails, f = go_on.get_future()] {
          f.wait();
          if (fails) throw std::domain_error("later");
        });
        auto a = weft::shield(inner), b = weft::shield(inner);
        (void)a.cancel();
        (void)b.cancel();
        go_on.set_value();
        weft::future<>(inner).wait();
      }
    });
    REQUIRE(seen.count() == 1);
    CHECK(message_of<std::domain_error>([&] { std::rethrow_exception(seen.all()[0].error); }) == "later");
  });
}

TEST_CASE("SH04 F18 who looks at the error of the shield has looked at the inner's; nobody looks: reported once") {
  for_each_worker_count([](unsigned workers) {
    for (int const way : {0, 1, 2, 3}) {
      CAPTURE(way);
      reports seen;
      weft::run(seen.options(workers), [way] {
        weft::promise<> go_on;
        auto outer = weft::shield(weft::future<>(weft::spawn([f = go_on.get_future()] {
          f.wait();
          throw std::domain_error("once");
        })));
        go_on.set_value();
        outer.wait();
        if (way == 1) CHECK_THROWS(outer.get());
        if (way == 2) CHECK_THROWS(outer.result());
        if (way == 3) CHECK(outer.exception() != nullptr);
      });
      CHECK(seen.count() == (way == 0 ? 1 : 0));
    }
  });
}

TEST_CASE("SH05 a shield that has gone leaves nothing at a long-lived inner one") {
  auto const n = storm::rounds(20'000, 1'000'000);
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [n] {
      weft::promise<int> p;
      auto const inner = p.get_future();
      auto const some = [&](std::uint64_t k) {
        for (std::uint64_t i = 0; i != k; ++i) {
          auto const outer = weft::shield(inner);
          if (i % 3 == 0) (void)outer.cancel();
          if (i % 3 == 1) CHECK_FALSE(outer.wait_for(std::chrono::nanoseconds(1)));
        }
      };
      some(n / 10);
      auto const before = storm::resident();
      some(n);
      if (!storm::sanitized) CHECK(storm::resident() < before + storm::mib);
      auto const last = weft::shield(inner);
      p.set_value(1);
      CHECK(last.get() == 1);
    });
  });
}

TEST_CASE("W12 with_timeout over a shield: timeout_error, the inner one runs on and can be awaited later") {
  in_all_orders([] {
    weft::promise<int> p;
    CHECK_THROWS_AS((void)weft::with_timeout(std::chrono::microseconds(1), weft::shield(p.get_future())), weft::timeout_error);
    CHECK_FALSE(p.cancelled());
    auto const outer = weft::shield(p.get_future());
    CHECK_FALSE(outer.wait_for(std::chrono::microseconds(1)));
    CHECK(outer.cancel());
    p.set_value(8);
    CHECK(p.get_future().get() == 8);
  });
}

TEST_CASE("a shield's done-callbacks run, and may suspend, drop handles, register more") {
  everywhere([] {
    weft::promise<int> p;
    std::atomic<int> sum{0};
    weft::promise<> told;
    {
      auto outer = weft::shield(p.get_future());
      outer.on_done([&, inner = p.get_future()](weft::future<int> const& f) {
        this_task::yield();
        sum += f.get();
        f.on_done([&](weft::future<int> const& again) {
          sum += again.result();
          told.set_value();
        });
      });
    }
    p.set_value(4);
    told.get_future().wait();
    CHECK(sum == 8);
  });
}

TEST_CASE("shields of shields; many on one future") {
  everywhere([] {
    weft::promise<int> p;
    auto f = weft::shield(p.get_future());
    for (int i = 0; i != 100; ++i) f = weft::shield(f);
    std::vector<weft::future<int>> many;
    for (int i = 0; i != 100; ++i) many.push_back(weft::shield(p.get_future()));
    p.set_value(2);
    CHECK(f.get() == 2);
    CHECK(weft::gather(many) == std::vector<int>(100, 2));
  });
}

TEST_CASE("on plain threads, and after the runtime that made it has ended") {
  for_each_worker_count([](unsigned workers) {
    weft::promise<int> p;
    auto const outer = run_on(workers, [f = p.get_future()] { return weft::shield(f); });
    auto const here = weft::shield(p.get_future());
    std::thread setter([&p] { p.set_value(6); });
    CHECK(outer.get() == 6);
    CHECK(here.get() == 6);
    setter.join();
  });
}

TEST_CASE("storm: the inner one ends while shields are made, cancelled and dropped") {
  auto const n = storm::rounds(3'000, 300'000);
  auto const seed = storm::seed();
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [n, seed] {
      for (std::uint64_t i = 0; i != n; ++i) {
        storm::dice roll(seed + i);
        weft::promise<int> p;
        auto const f = p.get_future();
        auto outer = weft::shield(f);
        auto const canceller = weft::spawn([outer, ways = roll.below(3)] {
          if (ways == 0) (void)outer.cancel();
          if (ways == 1) outer.wait();
        });
        auto const maker = weft::spawn([f] {
          auto const mine = weft::shield(f);
          (void)weft::shield(f).cancel();
          return mine.get();
        });
        auto const setter = weft::spawn([p = std::move(p)]() mutable { p.set_value(3); });
        if (roll.below(2) == 0) outer = {};
        CHECK(maker.get() == 3);
        if (outer.valid()) {
          outer.wait();
          CHECK((outer.cancelled() || outer.get() == 3));
        }
        canceller.wait();
        setter.wait();
      }
    });
  });
}
