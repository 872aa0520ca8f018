// fork: children that may refer to their creator's stack, because they never outlive their scope.
#include <memory>
#include <stdexcept>

#include "tests/support/shapes.hpp"

static_assert(!std::is_copy_constructible_v<weft::scoped_task<int>> && std::is_nothrow_move_constructible_v<weft::scoped_task<int>>);
static_assert(std::is_same_v<decltype(weft::fork([] { return 1; })), weft::scoped_task<int>>);
static_assert(std::is_same_v<decltype(weft::fork([] { return 1; }).get()), int>);

TEST_CASE("fork refers to the caller's stack; get gives the value once, by value") {
  shapes::everywhere([] {
    std::vector<int> const data{1, 2, 3};
    int sum = 0;
    auto child = weft::fork([&] {
      for (int const v : data) sum += v;
      return std::make_unique<int>(sum);
    });
    CHECK(child.valid());
    auto const value = child.get();
    CHECK(*value == 6);
    CHECK(sum == 6);
    CHECK_FALSE(child.valid());
    CHECK_FALSE(child.done());
    CHECK_THROWS_AS((void)child.get(), weft::invalid_state_error);
  });
}

TEST_CASE("fork: an error comes out of get, and is looked at by that") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    weft::run(seen.options(workers), [] {
      auto child = weft::fork([]() -> int { throw std::runtime_error("from the child"); });
      CHECK(shapes::message_of<std::runtime_error>([&] { (void)child.get(); }) == "from the child");
      CHECK_FALSE(child.valid());
    });
    CHECK(seen.count() == 0);
  });
}

TEST_CASE("another task cancels it while its owner is in get(), by an any_task of it") {
  shapes::everywhere([] {
    weft::promise<> inside, never;
    auto child = weft::fork([&inside, f = never.get_future()] {
      inside.set_value();
      f.wait();
    });
    weft::any_task const same = child;
    auto const other = weft::spawn([same, f = inside.get_future()] {
      f.wait();
      CHECK(same.cancel("enough"));
    });
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { child.get(); }) == "enough");
    CHECK(same.cancelled());
    CHECK_FALSE(weft::any_task(child).valid());
    other.get();
  });
}

TEST_CASE("fork: a nest computes, on any number of workers") {
  struct fib {
    static int of(int n) {
      if (n < 2) return n;
      auto left = weft::fork([n] { return of(n - 1); });
      int const right = of(n - 2);
      return left.get() + right;
    }
  };
  shapes::on_all([] { CHECK(fib::of(16) == 987); });
  shapes::in_simulations(5, [] { CHECK(fib::of(9) == 34); });
}

TEST_CASE("destroyed unjoined: cancelled with cause awaiter, waited for, and nothing is thrown") {
  shapes::everywhere([] {
    bool over = false;
    auto cause = weft::cancel_cause::requested;
    {
      weft::promise<> started;
      auto const child = weft::fork([&] {
        started.set_value();
        try {
          weft::this_task::sleep_for(weft::never);
        } catch (weft::cancelled const& e) {
          cause = e.cause();
          weft::this_task::yield();
          over = true;
          throw;
        }
      });
      started.get_future().get();
      CHECK_FALSE(child.done());
    }
    CHECK(over);
    CHECK(cause == weft::cancel_cause::awaiter);
  });
}

TEST_CASE("destroyed unjoined while an exception passes: waited for, the exception goes on") {
  shapes::everywhere([] {
    bool over = false;
    auto const leave = [&] {
      weft::promise<> started;
      auto const child = weft::fork([&] {
        started.set_value();
        weft::shield_scope const to_the_end;
        for (int i = 0; i != 3; ++i) weft::this_task::yield();
        over = true;
      });
      started.get_future().get();
      throw std::runtime_error("passes");
    };
    CHECK(shapes::message_of<std::runtime_error>(leave) == "passes");
    CHECK(over);
  });
}

TEST_CASE("destroyed unjoined after it failed: the error is reported, once") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    weft::run(seen.options(workers), [] {
      {
        auto child = weft::fork([] { throw std::runtime_error("unseen"); });
        child.wait();
        CHECK(child.done());
      }
      weft::promise<> started;
      auto const fails_when_cancelled = weft::fork([&] {
        started.set_value();
        try {
          weft::this_task::sleep_for(weft::never);
        } catch (weft::cancelled const&) {
          throw std::runtime_error("clean-up failed");
        }
      });
      started.get_future().get();
    });
    CHECK(seen.count() == 2);
  });
}

TEST_CASE("moving: assigned over, the old child is ended first; the name is the task's") {
  shapes::everywhere([] {
    bool first_ended = false;
    weft::promise<> started;
    auto child = weft::fork([&] {
      started.set_value();
      try {
        weft::this_task::sleep_for(weft::never);
      } catch (weft::cancelled const&) {
        first_ended = true;
        throw;
      }
      return 1;
    });
    started.get_future().get();
    CHECK(child.name().starts_with("task-"));
    child = weft::fork([] { return 2; });
    CHECK(first_ended);
    auto moved = std::move(child);
    CHECK_FALSE(child.valid());
    CHECK(moved.get() == 2);
  });
}

TEST_CASE("cancel through the handle; get in an awaiter that was not cancelled: task_cancelled_error") {
  shapes::everywhere([] {
    auto child = weft::fork([] { weft::this_task::sleep_for(weft::never); });
    CHECK(child.cancel("stop it"));
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { child.get(); }) == "stop it");
  });
}

TEST_CASE("fork and spawn outside of a task: no_runtime_error, the callable is gone") {
  auto const life = std::make_shared<int>();
  CHECK_THROWS_AS((void)weft::spawn([life] {}), weft::no_runtime_error);
  CHECK_THROWS_AS((void)weft::spawn({.name = "x"}, [life] {}), weft::no_runtime_error);
  CHECK_THROWS_AS((void)weft::fork([life] {}), weft::no_runtime_error);
  CHECK_THROWS_AS((void)weft::run_blocking([life] {}), weft::no_runtime_error);
  CHECK(life.use_count() == 1);
}
