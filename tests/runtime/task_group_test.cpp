// Task groups: who is waited for, whose errors come out, and what a group refuses. Cancellation: task_group_cancel_test.cpp.
#include <algorithm>
#include <array>
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

static_assert(!std::is_copy_constructible_v<task_group> && !std::is_move_constructible_v<task_group>);

namespace {

void wait_for_ever() {
  weft::promise<> p;
  p.get_future().wait();
}

void check_healthy() {
  CHECK(this_task::cancelling() == 0);
  CHECK_NOTHROW(this_task::yield());
  CHECK_NOTHROW(this_task::sleep_for(1ns));
}

// What f throws, which has to be a group: the messages of its errors, in order of failure.
template <class F>
std::vector<std::string> errors_of(F&& f) {
  std::vector<std::string> all;
  try {
    f();
  } catch (weft::exception_group const& e) {
    for (auto const& p : e.exceptions()) {
      try {
        std::rethrow_exception(p);
      } catch (weft::exception_group const&) {
        all.emplace_back("a group");
      } catch (std::exception const& inner) {
        all.emplace_back(inner.what());
      } catch (...) {
        all.emplace_back("no std::exception");
      }
    }
    return all;
  } catch (...) {
    FAIL("no exception_group");
  }
  FAIL("nothing was thrown");
  return all;
}

[[noreturn]] void fail(char const* what) { throw std::runtime_error(what); }

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("G01 leaving waits for all children; the body's value comes out") {
  everywhere([] {
    std::atomic<int> ended{0};
    CHECK(with_group([&](task_group& g) {
            for (int i = 0; i != 10; ++i) {
              (void)g.spawn([&ended, i] {
                for (int k = 0; k != i; ++k) this_task::yield();
                ++ended;
              });
            }
            return std::string("the body's");
          }) == "the body's");
    CHECK(ended == 10);
    task_group g;
    for (int i = 0; i != 10; ++i) {
      (void)g.spawn([&ended] {
        this_task::sleep_for(1us);
        ++ended;
      });
    }
    g.join();
    CHECK(ended == 20);
    CHECK(g.size() == 0);
    with_group([](task_group&) {});  // no children
    CHECK(*with_group([](task_group&) { return std::make_unique<int>(3); }) == 3);
  });
}

TEST_CASE("G01 also for those spawned late, by the body after a wait, by children, and by children's children") {
  everywhere([] {
    std::atomic<int> ended{0};
    struct tree {
      static void grow(task_group& g, std::atomic<int>& n, int depth) {  // NOLINT(misc-no-recursion)
        this_task::yield();
        for (int i = 0; i != 2 && depth != 0; ++i) (void)g.spawn([&g, &n, depth] { grow(g, n, depth - 1); });
        ++n;
      }
    };
    with_group([&](task_group& g) {
      (void)g.spawn([&] { tree::grow(g, ended, 5); });
      this_task::sleep_for(10us);
      (void)g.spawn([&] { ++ended; });
    });
    CHECK(ended == 64);
  });
}

TEST_CASE("G01 ten thousand children, with and without handles") {
  on_all([] {
    std::atomic<int> sum{0};
    std::vector<weft::task<int>> kept;
    with_group([&](task_group& g) {
      for (int i = 0; i != 10'000; ++i) {
        auto t = g.spawn([&sum, i] {
          ++sum;
          return i;
        });
        if (i % 3 == 0) kept.push_back(std::move(t));
      }
    });
    CHECK(sum == 10'000);
    for (std::size_t i = 0; i != kept.size(); ++i) REQUIRE(kept[i].result() == static_cast<int>(3 * i));
  });
}

TEST_CASE("G01 ten thousand children that wait, cancelled together") {
  on_all([] {
    std::atomic<int> begun{0}, cancelled{0};
    weft::promise<> never_set;
    with_group([&](task_group& g) {
      for (int i = 0; i != 10'000; ++i) {
        (void)g.spawn([&, f = never_set.get_future()] {
          ++begun;
          try {
            f.wait();
          } catch (weft::cancelled const&) {
            ++cancelled;
            throw;
          }
        });
      }
      this_task::yield();
      CHECK(g.size() == 10'000);
      g.cancel();
    });
    CHECK(begun == cancelled);
  });
}

TEST_CASE("G02 results are read from the handles afterwards; children may be joined before, too, and out of order") {
  everywhere([] {
    weft::task<int> a, b;
    weft::task<std::string> c;
    int joined = 0;
    with_group([&](task_group& g) {
      a = g.spawn([] { return 1; });
      b = g.spawn([] {
        this_task::yield();
        return 2;
      });
      c = g.spawn([] { return std::string(100, 'c'); });
      joined = a.get() + b.get();
    });
    CHECK(joined == 3);
    CHECK(a.done());
    CHECK(a.result() == 1);
    CHECK(b.result() == 2);
    CHECK(std::move(c).get() == std::string(100, 'c'));
  });
}

TEST_CASE("children with the largest callables and results that fit a block, and with larger ones") {
  everywhere([] {
    auto const child = []<std::size_t N>(task_group& g, std::array<char, N> const& big) {
      return g.spawn([big] { return big; });
    };
    std::array<char, 512> inside{};
    std::array<char, 4096> outside{};
    inside.back() = outside.back() = 'x';
    task_group g;
    auto const a = child(g, inside);
    auto const b = child(g, outside);
    auto const c = g.spawn({.name = "by name"}, [&] { fail("c"); });
    CHECK(errors_of([&] { g.join(); }) == strings{"c"});
    if (!a.cancelled()) CHECK(a.result().back() == 'x');
    if (!b.cancelled()) CHECK(b.result().back() == 'x');
  });
}

TEST_CASE("G03 a child fails: the others are cancelled, the body is interrupted, one group of all real errors comes out") {
  everywhere([] {
    int cancelled = 0;
    bool interrupted = false;
    CHECK(errors_of([&] {
            with_group([&](task_group& g) {
              for (int i = 0; i != 3; ++i) {
                (void)g.spawn([&] {
                  try {
                    wait_for_ever();
                  } catch (weft::cancelled const& e) {
                    CHECK(e.cause() == weft::cancel_cause::group);
                    weft::shield_scope const alone;
                    ++cancelled;
                    throw;
                  }
                });
              }
              for (int i = 0; i != 3; ++i) this_task::yield();
              (void)g.spawn([] { fail("first"); });
              try {
                wait_for_ever();
              } catch (weft::cancelled const& e) {
                CHECK(e.cause() == weft::cancel_cause::group);
                CHECK(this_task::cancelling() == 1);
                CHECK(g.size() <= 4);
                interrupted = true;
                throw;
              }
            });
          }) == strings{"first"});
    CHECK(interrupted);
    CHECK(cancelled <= 3);
    check_healthy();
  });
}

TEST_CASE("G03 several fail: all are there, in order of failure, with id, name and the place of the spawn") {
  in_simulations(20, [] {
    weft::task<> one, two;
    try {
      with_group([&](task_group& g) {
        one = g.spawn({.name = "one"}, [] {
          this_task::sleep_for(2ms);
          fail("at two");
        });
        two = g.spawn([] {
          try {
            wait_for_ever();
          } catch (weft::cancelled const&) {
            this_task::sleep_for(1ms);
            fail("cleaning up");
          }
        });
        wait_for_ever();
      });
      FAIL("nothing was thrown");
    } catch (weft::exception_group const& e) {
      REQUIRE(e.failures().size() == 2);
      auto const& first = e.failures()[0];
      CHECK(first.task_id == one.id());
      CHECK(first.task_name == "one");
      CHECK(std::string(first.spawned_at.file_name()).find("task_group_test") != std::string::npos);
      auto const& second = e.failures()[1];
      CHECK(second.task_id == two.id());
      CHECK(second.task_name == two.name());
      CHECK(second.spawned_at.line() == first.spawned_at.line() + 4);
      CHECK(message_of<std::runtime_error>([&] { std::rethrow_exception(first.error); }) == "at two");
      CHECK(message_of<std::runtime_error>([&] { std::rethrow_exception(second.error); }) == "cleaning up");
    }
    CHECK(message_of<std::runtime_error>([&] { one.get(); }) == "at two");
    check_healthy();
  });
}

TEST_CASE("G03 with a task_group the owner is not interrupted; join() tells") {
  everywhere([] {
    task_group g;
    (void)g.spawn([] { fail("child"); });
    auto const other = g.spawn([] { wait_for_ever(); });
    other.wait();  // cancelled by the failure
    CHECK_NOTHROW(this_task::sleep_for(1us));
    CHECK(this_task::cancelling() == 0);
    CHECK(errors_of([&] { g.join(); }) == strings{"child"});
    check_healthy();
  });
}

TEST_CASE("G04 always a group, even for one error, also of a kind that is no std::exception") {
  everywhere([] {
    CHECK(errors_of([] { with_group([](task_group& g) { (void)g.spawn([] { fail("alone"); }); }); }) == strings{"alone"});
    CHECK(errors_of([] { with_group([](task_group& g) { (void)g.spawn([] { throw 42; }); }); }) == strings{"no std::exception"});
    CHECK(errors_of([] { with_group([](task_group&) -> int { fail("body"); }); }) == strings{"body"});
  });
}

TEST_CASE("G05 the body fails: the children are cancelled and waited for; its error is in the group, with its own task") {
  everywhere([] {
    bool cleaned = false;
    try {
      with_group([&](task_group& g) {
        auto const child = g.spawn([&] {
          try {
            wait_for_ever();
          } catch (weft::cancelled const&) {
            this_task::yield();
            cleaned = true;
            throw;
          }
        });
        until([&] { return child.state() == weft::task_state::suspended; });
        fail("the body");
      });
      FAIL("nothing was thrown");
    } catch (weft::exception_group const& e) {
      REQUIRE(e.failures().size() == 1);
      CHECK(e.failures()[0].task_id == this_task::id());
      CHECK(e.failures()[0].task_name == this_task::name());
      CHECK(message_of<std::runtime_error>([&] { std::rethrow_exception(e.exceptions()[0]); }) == "the body");
    }
    CHECK(cleaned);
    check_healthy();
  });
}

TEST_CASE("G06 a child that is cancelled alone, or throws cancelled itself, is no failure") {
  everywhere([] {
    int went_on = 0;
    weft::task<> cancelled, throws;
    with_group([&](task_group& g) {
      cancelled = g.spawn([] { wait_for_ever(); });
      throws = g.spawn([] { throw weft::cancelled("by itself"); });
      auto const sibling = g.spawn([&] {
        for (int i = 0; i != 5; ++i) this_task::yield();
        ++went_on;
      });
      CHECK(cancelled.cancel());
      throws.wait();
      cancelled.wait();
      this_task::yield();
      sibling.get();
      ++went_on;
    });
    CHECK(went_on == 2);
    CHECK(cancelled.cancelled());
    CHECK(throws.cancelled());
    check_healthy();
  });
}

TEST_CASE("G15 after the end: group_closed_error; what was refused is destroyed quietly; joining again has no effect") {
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
    int refused = 0;
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
          }) == strings{"child"});
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
          }) == strings{"child"});
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
            }) == strings{"child"});
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
      (void)g.spawn([cargo] { throw with_cargo(cargo); });
      (void)g.spawn([cargo] { return cargo; });
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
          }) == strings{"child"});
    CHECK(errors_of([] {
            with_group([](task_group& g) {
              auto const t = g.spawn([] { fail("child"); });
              try {
                t.get();
              } catch (std::runtime_error const&) {
                fail("another");
              }
            });
          }) == (strings{"child", "another"}));
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
        (void)g.spawn({.name = "fails"}, [] { fail("reported"); });
        auto const slow = g.spawn([&] {
          try {
            wait_for_ever();
          } catch (weft::cancelled const&) {
            this_task::yield();
            cleaned = true;
            throw;
          }
        });
        slow.wait();
        fail("passes through");
      } catch (std::runtime_error const& e) {
        CHECK(e.what() == std::string("passes through"));
      }
      (void)cleaned;
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
