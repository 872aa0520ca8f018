// any_task: a task's handle without its type.
#include <memory>

#include "tests/support/shapes.hpp"

using namespace std::chrono_literals;

static_assert(std::is_convertible_v<weft::task<int>, weft::any_task> && std::is_convertible_v<weft::task<>, weft::any_task>);
static_assert(std::is_copy_constructible_v<weft::any_task> && std::is_nothrow_default_constructible_v<weft::any_task>);
static_assert(!std::is_constructible_v<weft::any_task, weft::future<int>>);

TEST_CASE("any_task knows all of the task but its value") {
  shapes::everywhere([] {
    weft::promise<> gate;
    auto const t = weft::spawn({.name = "typed"}, [f = gate.get_future()] {
      f.wait();
      return 3;
    });
    std::vector<weft::any_task> const all{t, weft::this_task::self()};
    auto const& any = all[0];
    CHECK(any.valid());
    CHECK(any == weft::any_task(t));
    CHECK_FALSE(any == all[1]);
    CHECK(any.id() == t.id());
    CHECK(any.name() == "typed");
    any.set_name("renamed");
    CHECK(t.name() == "renamed");
    CHECK_FALSE(any.done());
    CHECK_FALSE(any.wait_for(1ms));
    CHECK_FALSE(any.wait_until(weft::clock::now()));
    CHECK_THROWS_AS((void)any.exception(), weft::invalid_state_error);
    gate.set_value();
    any.wait();
    CHECK(any.done());
    CHECK_FALSE(any.cancelled());
    CHECK(any.exception() == nullptr);
    CHECK_FALSE(any.cancel());
    CHECK(any.state() == weft::task_state::finished);
  });
}

TEST_CASE("an empty any_task: not done, everything else is an invalid-state error") {
  weft::any_task const none;
  CHECK_FALSE(none.valid());
  CHECK_FALSE(none.done());
  CHECK_FALSE(none.cancelled());
  CHECK(none == weft::any_task(weft::task<int>()));
  CHECK_THROWS_AS((void)none.cancel(), weft::invalid_state_error);
  CHECK_THROWS_AS(none.wait(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)none.id(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)none.name(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)none.exception(), weft::invalid_state_error);
}

TEST_CASE("cancel through any_task; its callback gets an any_task") {
  shapes::everywhere([] {
    weft::promise<bool> called;
    auto const t = weft::spawn([] { weft::this_task::sleep_for(weft::never); });
    weft::any_task const any = t;
    (void)any.on_done([&](weft::any_task const& same) { called.set_value(same == any && same.cancelled()); });
    CHECK(any.cancel("untyped"));
    any.wait();
    CHECK(called.get_future().get());
    CHECK_THROWS_AS((void)any.exception(), weft::task_cancelled_error);
  });
}

TEST_CASE("any_task outlives every typed handle and still tells the outcome") {
  shapes::everywhere([] {
    weft::any_task any;
    {
      auto const t = weft::spawn({.name = "gone"}, [] { throw 5; });
      any = t;
    }
    any.wait();
    CHECK(any.state() == weft::task_state::failed);
    CHECK(any.name() == "gone");
    CHECK_THROWS_AS(std::rethrow_exception(any.exception()), int);
  });
}

TEST_CASE("an error seen through any_task is not reported, one that nobody saw is, once") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    weft::run(seen.options(workers), [] {
      for (bool const look : {true, false}) {
        weft::any_task any = weft::spawn([] { throw std::runtime_error("x"); });
        auto const copy = any;
        any.wait();
        if (look) CHECK(any.exception() != nullptr);
      }
    });
    CHECK(seen.count() == 1);
  });
}

TEST_CASE("self() of a task that has ended stays valid") {
  shapes::everywhere([] {
    auto const t = weft::spawn([] { return weft::this_task::self(); });
    auto const itself = t.get();
    CHECK(itself == weft::any_task(t));
    CHECK(itself.done());
  });
}
