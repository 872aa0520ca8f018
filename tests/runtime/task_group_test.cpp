// Task groups: who is waited for, and whose errors come out. Cancellation: task_group_cancel_test.cpp.
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::task_group;
using weft::with_group;

static_assert(!std::is_copy_constructible_v<task_group> && !std::is_move_constructible_v<task_group>);

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
    CHECK(errors_of([&] { g.join(); }) == "c");
    if (!a.cancelled()) CHECK(a.result().back() == 'x');
    if (!b.cancelled()) CHECK(b.result().back() == 'x');
  });
}

TEST_CASE("G03 a child fails: the others are cancelled, the body is interrupted, one group of all real errors comes out") {
  everywhere([] {
    std::atomic<int> cancelled{0};
    bool interrupted = false;
    CHECK(errors_of([&] {
            with_group([&](task_group& g) {
              for (int i = 0; i != 3; ++i) {
                (void)g.spawn([&] {
                  try {
                    wait_for_ever();
                  } catch (weft::cancelled const& e) {
                    CHECK(e.cause() == weft::cancel_cause::group);
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
          }) == "first");
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
    auto const other = g.spawn([] { wait_for_ever(); });
    (void)g.spawn([] { fail("child"); });
    other.wait();  // cancelled by the failure
    CHECK_NOTHROW(this_task::sleep_for(1us));
    CHECK(this_task::cancelling() == 0);
    CHECK(errors_of([&] { g.join(); }) == "child");
    check_healthy();
  });
}

TEST_CASE("G04 always a group, even for one error, also of a kind that is no std::exception") {
  everywhere([] {
    CHECK(errors_of([] { with_group([](task_group& g) { (void)g.spawn([] { fail("alone"); }); }); }) == "alone");
    CHECK(errors_of([] { with_group([](task_group& g) { (void)g.spawn([] { throw 42; }); }); }) == "no std::exception");
    CHECK(errors_of([] { with_group([](task_group&) -> int { fail("body"); }); }) == "body");
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
