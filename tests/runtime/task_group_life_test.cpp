// Task groups: where they may be, what they refuse when they end, and what they leave behind.
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::task_group;
using weft::with_group;

TEST_CASE("G15 G16 after the end: group_closed_error; what was refused is destroyed quietly; joining again has no effect") {
  everywhere([] {
    auto const held = std::make_shared<int>(1);
    task_group g;
    (void)g.spawn([held] {});
    g.join();
    CHECK(held.use_count() == 1);
    CHECK_THROWS_AS((void)g.spawn([held] {}), weft::group_closed_error);
    CHECK_THROWS_AS((void)g.spawn({.name = "late"}, [held] {}), weft::group_closed_error);
    CHECK(held.use_count() == 1);
    CHECK(g.size() == 0);
    CHECK_NOTHROW(g.join());
    g.cancel();
  });
}

TEST_CASE("G15 while it ends after a failure: group_closed_error, for the body, for children, for plain threads") {
  everywhere([] {
    auto const held = std::make_shared<int>(1);
    std::atomic<int> refused{0};
    auto const try_it = [&](task_group& g) {
      try {
        (void)g.spawn([held] {});
      } catch (weft::group_closed_error const&) {
        ++refused;
      }
    };
    CHECK(errors_of([&] {
            with_group([&](task_group& g) {
              (void)g.spawn([&] {
                try {
                  wait_for_ever();
                } catch (weft::cancelled const&) {
                  try_it(g);
                  std::thread([&] { try_it(g); }).join();
                  throw;
                }
              });
              for (int i = 0; i != 3; ++i) this_task::yield();
              (void)g.spawn([] { fail("child"); });
              try {
                wait_for_ever();
              } catch (weft::cancelled const&) {
                try_it(g);
              }
            });
          }) == "child");
    CHECK((refused == 3 || refused == 1));  // 1: that child had not begun
    CHECK(held.use_count() == 1);
  });
}

TEST_CASE("G17 from a plain thread with a runtime; without one: no_runtime_error") {
  CHECK_THROWS_AS(task_group(), weft::no_runtime_error);
  CHECK_THROWS_AS(with_group([](task_group&) {}), weft::no_runtime_error);
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::atomic<int> ended{0};
    CHECK(with_group(rt, [&](task_group& g) {
            for (int i = 0; i != 100; ++i) {
              (void)g.spawn([&] {
                this_task::yield();
                ++ended;
              });
            }
            return 5;
          }) == 5);
    CHECK(ended == 100);
    CHECK(errors_of([&] {
            with_group(rt, [&](task_group& g) {
              (void)g.spawn([] { wait_for_ever(); });
              (void)g.spawn([] { fail("child"); });
              until([&] { return g.size() == 0; });  // nothing interrupts a thread
            });
          }) == "child");
    task_group g(rt);
    auto const t = g.spawn([] { return this_task::name(); });
    std::thread([&] { (void)g.spawn([&] { ++ended; }); }).join();
    g.join();
    CHECK(t.result() == t.name());
    CHECK(ended == 101);
    try {
      with_group(rt, [](task_group&) { fail("the thread's"); });
      FAIL("nothing was thrown");
    } catch (weft::exception_group const& e) {
      CHECK(e.failures()[0].task_id == 0);
      CHECK(e.failures()[0].task_name.empty());
    }
  });
}

TEST_CASE("G17 in a task, with another runtime: its tasks run there, and a cancellation here reaches them") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime there({.workers = workers});
    run_on(workers, [&] {
      CHECK(with_group(there, [&](task_group& g) {
        auto const t = g.spawn([&] { return weft::runtime::current() == &there; });
        return t.get();
      }));
      weft::promise<> inside;
      auto const t = weft::spawn([&] {
        task_group g(there);
        (void)g.spawn([&] {
          inside.set_value();
          wait_for_ever();
        });
        g.join();
      });
      inside.get_future().wait();
      CHECK(t.cancel("from here"));
      CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "from here");
    });
  });
}

TEST_CASE("G17 on a thread of run_blocking: its task owns the group, and is interrupted by a failure") {
  on_all([] {
    auto const t = weft::run_blocking([] {
      int const ended = with_group([](task_group& g) {
        auto const a = g.spawn([] { return 1; });
        return a.get() + 1;
      });
      CHECK(errors_of([] {
              with_group([](task_group& g) {
                (void)g.spawn([] { fail("child"); });
                wait_for_ever();
              });
            }) == "child");
      check_healthy();
      return ended;
    });
    CHECK(t.get() == 2);
  });
}

TEST_CASE("G17 in a runtime that has ended: no_runtime_error, nothing is registered, the callable is destroyed") {
  weft::runtime rt({.workers = 1});
  task_group g(rt);
  (void)rt.shutdown();
  auto const held = std::make_shared<int>(1);
  CHECK_THROWS_AS((void)g.spawn([held] {}), weft::no_runtime_error);
  CHECK_THROWS_AS((void)g.spawn({.name = "named"}, [held] {}), weft::no_runtime_error);
  CHECK(held.use_count() == 1);
  CHECK(g.size() == 0);
  CHECK_NOTHROW(g.join());
}

TEST_CASE("G18 children leave no trace: a group that spawns 100,000 in its life holds none of them") {
  on_all([] {
    std::atomic<std::size_t> ended{0};
    task_group g;
    for (std::size_t i = 0; i != 100'000; ++i) {
      (void)g.spawn([&] { ++ended; });
      if (i % 100 == 99) {
        while (ended != i + 1 || g.size() != 0) this_task::yield();
      }
    }
    CHECK(g.size() == 0);
    g.join();
    until([] { return weft::runtime::current()->metrics().live == 1; });  // counted last of all
  });
}

TEST_CASE("G19 runaway spawners are stopped by an error") {
  on_all([] {
    std::atomic<int> alive{0};
    struct hydra {
      static void grow(task_group& g, std::atomic<int>& n) {  // NOLINT(misc-no-recursion)
        if (++n > 200) throw std::length_error("too many heads");
        (void)g.spawn([&] { grow(g, n); });
        (void)g.spawn([&] { grow(g, n); });
        this_task::yield();
      }
    };
    try {
      with_group([&](task_group& g) { hydra::grow(g, alive); });
      FAIL("nothing was thrown");
    } catch (weft::exception_group const& e) {
      auto const [too_many, rest] = e.split<std::length_error>();
      CHECK(too_many);
      if (rest) CHECK_FALSE(rest->split<weft::group_closed_error>().second);
    }
    check_healthy();
  });
}

TEST_CASE("G21 who is spawned while the group begins to end is refused, or ends with it") {
  on_all([] {
    for (int round = 0; round != 50; ++round) {
      std::atomic<int> begun{0}, ended{0}, refused{0};
      (void)errors_of([&] {
        with_group([&](task_group& g) {
          for (int i = 0; i != 3; ++i) {
            (void)g.spawn([&] {
              weft::shield_scope const go_on;
              for (int k = 0; k != 10; ++k) {
                try {
                  (void)g.spawn([&] {
                    ++begun;
                    try {
                      wait_for_ever();
                    } catch (weft::cancelled const&) {
                      ++ended;
                      throw;
                    }
                  });
                } catch (weft::group_closed_error const&) {
                  ++refused;
                }
                this_task::yield();
              }
            });
          }
          for (int k = round % 10; k != 0; --k) this_task::yield();
          fail("now");
        });
      });
      CHECK(begun == ended);
      CHECK(begun + refused <= 30);
    }
  });
}

TEST_CASE("G23 names and locals are given per child; they begin with those of who spawns them") {
  everywhere([] {
    static weft::task_local<int> local{0};
    local.set(1);
    with_group([&](task_group& g) {
      auto const t = g.spawn({.name = "named"}, [] {
        CHECK(this_task::name() == "named");
        CHECK(local.get() == 1);
        local.set(2);
      });
      CHECK(t.name() == "named");
      t.get();
      CHECK(local.get() == 1);
    });
  });
}

TEST_CASE("G25 nothing is kept after the end: no error, no result, no callable") {
  everywhere([] {
    struct with_cargo : std::runtime_error {
      explicit with_cargo(std::shared_ptr<int> c) : std::runtime_error("with cargo"), cargo(std::move(c)) {}
      std::shared_ptr<int> cargo;
    };
    auto const cargo = std::make_shared<int>(1);
    {
      task_group g;
      (void)g.spawn([cargo] { return cargo; });
      (void)g.spawn([cargo] { throw with_cargo(cargo); });
      try {
        g.join();
      } catch (weft::exception_group const& e) {
        CHECK(e.failures().size() == 1);
        CHECK(cargo.use_count() >= 2);
      }
      until([&] { return cargo.use_count() == 1; });  // workers that let go last
    }
    try {
      with_group([&](task_group&) { throw with_cargo(cargo); });
    } catch (weft::exception_group const&) {
    }
    CHECK(cargo.use_count() == 1);
  });
}

TEST_CASE("two that join one group at once: std::logic_error for the second; the first goes on") {
  everywhere([] {
    weft::promise<> go_on;
    task_group g;
    (void)g.spawn([f = go_on.get_future()] { f.wait(); });
    auto const first = weft::spawn([&] { g.join(); });
    until([&] { return first.state() == weft::task_state::suspended; });
    CHECK_THROWS_AS(g.join(), std::logic_error);
    go_on.set_value();
    first.get();
    CHECK_NOTHROW(g.join());
  });
}

TEST_CASE("a child's error that its handle shows is in the group all the same, once; the body may have met it in get()") {
  everywhere([] {
    CHECK(errors_of([] {
            with_group([](task_group& g) {
              auto const t = g.spawn([] { fail("child"); });
              t.get();
            });
          }) == "child");
    CHECK(errors_of([] {
            with_group([](task_group& g) {
              auto const t = g.spawn([] { fail("child"); });
              try {
                weft::shield_scope const shield;  // or get() may be interrupted first
                t.get();
              } catch (std::runtime_error const&) {
                fail("another");
              }
            });
          }) == "child, another");
    check_healthy();
  });
}

TEST_CASE("~task_group, not joined: children are cancelled and waited for, failures are reported; nothing is thrown") {
  reports seen;
  for_each_worker_count([&](unsigned workers) {
    auto const before = seen.count();
    weft::run(seen.options(workers), [&] {
      bool cleaned = false;
      try {
        task_group g;
        auto const slow = spawn_begun(g, [&] {
          try {
            wait_for_ever();
          } catch (weft::cancelled const&) {
            this_task::yield();
            cleaned = true;
            throw;
          }
        });
        (void)g.spawn({.name = "fails"}, [] { fail("reported"); });
        slow.wait();
        fail("passes through");
      } catch (std::runtime_error const& e) {
        CHECK(e.what() == std::string("passes through"));
      }
      CHECK(cleaned);
      check_healthy();
    });
    REQUIRE(seen.count() == before + 1);
    auto const last = seen.all().back();
    CHECK(last.task_name == "fails");
    CHECK(message_of<std::runtime_error>([&] { std::rethrow_exception(last.error); }) == "reported");
  });
}

TEST_CASE("a joined group reports nothing: its failures were thrown") {
  reports seen;
  for_each_worker_count([&](unsigned workers) {
    weft::run(seen.options(workers), [&] {
      for (int i = 0; i != 20; ++i) {
        (void)errors_of([] { with_group([](task_group& g) { (void)g.spawn([] { fail("thrown"); }); }); });
      }
    });
  });
  CHECK(seen.count() == 0);
}
