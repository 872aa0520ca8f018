// race, race_staggered: the first success wins, the losers are cancelled and waited for.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weft/wait.hpp>

#include "tests/support/shapes.hpp"

using namespace shapes;
namespace this_task = weft::this_task;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

template <class F>
void in_all_orders(F f) {
  on_all(f);
  in_simulations(60, f);
}

struct endless {
  std::atomic<int>& inside;
  int operator()() const {
    struct count {
      std::atomic<int>& n;
      explicit count(std::atomic<int>& i) : n(i) { ++n; }
      ~count() { --n; }
    } const here(inside);
    never_done().wait();
    return 0;
  }
};

std::function<int()> value_after(milliseconds d, int value) {
  return [=] {
    this_task::sleep_for(d);
    return value;
  };
}
std::function<int()> failure_after(milliseconds d, std::string what) {
  return [=]() -> int {
    this_task::sleep_for(d);
    throw std::runtime_error(what);
  };
}

std::vector<std::string> messages(weft::exception_group const& g) {
  std::vector<std::string> all;
  for (auto const& e : g.exceptions()) all.push_back(message_of<std::exception>([&] { std::rethrow_exception(e); }));
  return all;
}

template <class F>
std::vector<std::string> messages_of_group(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (weft::exception_group const& g) {
    return messages(g);
  }
  FAIL("no exception_group");
  return {};
}

}  // namespace

TEST_CASE("AC06 the first success wins; the losers are cancelled and waited for") {
  in_all_orders([] {
    std::atomic<int> inside{0};
    bool cleaned = false;
    weft::promise<> begun;
    auto const value = weft::race(endless{inside}, [&] { begun.get_future().wait(); return 7; },
                                  [&]() -> int {
                                    begun.set_value();
                                    try {
                                      never_done().wait();
                                    } catch (weft::cancelled const&) {
                                      this_task::yield();
                                      cleaned = true;
                                      throw;
                                    }
                                    return 0;
                                  });
    CHECK(value == 7);
    CHECK(inside == 0);
    CHECK(cleaned);
    CHECK(this_task::cancelling() == 0);
  });
}

TEST_CASE("AC06 a failure is no success: the others race on; losers' errors count as looked at") {
  in_simulations(30, [] {
    CHECK(weft::race(failure_after(milliseconds(1), "early"), value_after(milliseconds(20), 2), value_after(milliseconds(10), 1)) == 1);
  });
  for_each_worker_count([](unsigned workers) {
    reports seen;
    weft::run(seen.options(workers), [] {
      CHECK(weft::race([]() -> int { throw 1; }, [] { return 2; }, []() -> int { throw 3; }) == 2);
    });
    CHECK(seen.count() == 0);
  });
}

TEST_CASE("race: the common type of the results; all void; move-only; handles; ranges") {
  everywhere([] {
    auto const v = weft::race([] { return 1; }, [] { return 1L; });
    static_assert(std::is_same_v<decltype(v), long const>);
    CHECK(v == 1);
    static_assert(std::is_void_v<decltype(weft::race([] {}, [] {}))>);
    weft::race([] {}, [] {});
    CHECK(*weft::race([] { return std::make_unique<int>(3); }) == 3);
    weft::promise<int> p, q;
    p.set_value(5);
    CHECK(weft::race(p.get_future(), q.get_future(), [] { never_done().wait(); return 1; }) == 5);
    CHECK(q.cancelled());
    std::vector<weft::task<int>> const tasks{weft::spawn([] { return 8; }), weft::spawn([] { return 8; })};
    CHECK(weft::race(tasks) == 8);
    CHECK(weft::race(std::vector<std::function<int()>>{[] { return 9; }, []() -> int { throw 1; }}) == 9);
    std::vector<weft::future<>> const done{weft::spawn([] {})};
    weft::race(done);
  });
}

TEST_CASE("ST02 all fail: an exception_group in the order they were started; cancelled ones too") {
  in_simulations(30, [] {
    CHECK(messages_of_group([] {
            weft::race(failure_after(milliseconds(30), "a"), failure_after(milliseconds(10), "b"), failure_after(milliseconds(20), "c"));
          }) == std::vector<std::string>{"a", "b", "c"});
  });
  everywhere([] {
    auto const gone = weft::spawn({.name = "gone"}, [] { never_done().wait(); return 0; });
    CHECK(gone.cancel("away"));
    try {
      weft::race([]() -> int { throw std::runtime_error("first"); }, gone);
      FAIL("no error");
    } catch (weft::exception_group const& g) {
      CHECK(messages(g) == std::vector<std::string>{"first", "away"});
      CHECK(g.failures()[1].task_name == "gone");
      CHECK(g.failures()[1].task_id == gone.id());
    }
  });
}

TEST_CASE("ST02 a race of nobody: invalid_argument") {
  everywhere([] {
    CHECK_THROWS_AS((void)weft::race(std::vector<std::function<int()>>()), std::invalid_argument);
    CHECK_THROWS_AS((void)weft::race(std::vector<weft::task<int>>()), std::invalid_argument);
    CHECK_THROWS_AS((void)weft::race_staggered(std::vector<std::function<int()>>(), seconds(1)), std::invalid_argument);
  });
}

TEST_CASE("race, cancelled: all are cancelled and waited for, then cancelled with the message") {
  in_all_orders([] {
    std::atomic<int> begun{0}, inside{0};
    auto const racer = [&] {
      ++begun;
      return endless{inside}();
    };
    auto const parent = weft::spawn([&] { return weft::race(racer, racer, racer); });
    until([&] { return begun != 0; });
    CHECK(parent.cancel("stop"));
    CHECK(message_of<weft::task_cancelled_error>([&] { parent.get(); }) == "stop");
    CHECK(inside == 0);
  });
}

TEST_CASE("race, cancelled: one that returns a value all the same is the outcome, as with get()") {
  in_all_orders([] {
    weft::promise<> begun;
    auto const parent = weft::spawn([&] {
      return weft::race([&] {
        begun.set_value();
        try {
          never_done().wait();
        } catch (weft::cancelled const&) {
        }
        return 3;
      });
    });
    begun.get_future().wait();
    CHECK(parent.cancel());
    CHECK(parent.get() == 3);
  });
}

TEST_CASE("W10 a request that comes while the losers clean up waits for the next checkpoint") {
  in_all_orders([] {
    weft::promise<> cleaning, go_on;
    weft::promise<> racing;
    auto const parent = weft::spawn([&, f = go_on.get_future()] {
      int const v = weft::race([&] { racing.get_future().wait(); return 4; },
                               [&] {
                                 racing.set_value();
                                 try {
                                   never_done().wait();
                                 } catch (weft::cancelled const&) {
                                   weft::shield_scope const shield;
                                   cleaning.set_value();
                                   f.wait();
                                   throw;
                                 }
                                 return 5;
                               });
      CHECK(this_task::cancel_requested());
      return v;
    });
    cleaning.get_future().wait();
    CHECK(parent.cancel());
    this_task::yield();
    go_on.set_value();
    CHECK(parent.get() == 4);
  });
}

TEST_CASE("C07 race with a request pending spawns nothing") {
  everywhere([] {
    bool ran = false;
    auto const t = weft::spawn([&ran] {
      (void)this_task::self().cancel("no");
      CHECK(message_of<weft::cancelled>([&] { weft::race([&ran] { ran = true; }); }) == "no");
      (void)this_task::self().cancel("no");
      std::vector<std::function<void()>> const some{[&ran] { ran = true; }};
      CHECK_THROWS_AS(weft::race(some), weft::cancelled);
      (void)this_task::self().cancel("no");
      CHECK_THROWS_AS(weft::race_staggered(some, seconds(1)), weft::cancelled);
    });
    t.get();
    CHECK_FALSE(ran);
  });
}

TEST_CASE("race on plain threads: of handles; callables need a runtime") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    auto const slow = rt.spawn([] { never_done().wait(); return 0; });
    CHECK(weft::race(slow, rt.spawn([] { return 2; })) == 2);
    CHECK(slow.cancelled());
    CHECK_THROWS_AS((void)weft::race([] { return 1; }), weft::no_runtime_error);
    CHECK_THROWS_AS((void)weft::race_staggered(std::vector<std::function<int()>>{[] { return 1; }}, seconds(1)), weft::no_runtime_error);
  });
}

TEST_CASE("a racer that races itself: deadlock_error") {
  everywhere([] {
    weft::promise<weft::task<int>> self;
    auto const t = weft::spawn([me = self.get_future()] {
      CHECK_THROWS_AS((void)weft::race([] { return 1; }, me.get()), weft::deadlock_error);
      return 2;
    });
    self.set_value(t);
    CHECK(t.get() == 2);
  });
}

TEST_CASE("ST01 staggered: the next starts after the delay; the first success wins, the losers are cancelled") {
  in_simulations(40, [] {
    auto const begin = weft::clock::now();
    std::vector<std::int64_t> started;
    auto const timed = [&](std::function<int()> f) -> std::function<int()> {
      return [&started, begin, f] {
        started.push_back((weft::clock::now() - begin) / milliseconds(1));
        return f();
      };
    };
    std::atomic<int> inside{0};
    std::vector<std::function<int()>> const attempts{timed(endless{inside}), timed(value_after(milliseconds(150), 2)), timed(endless{inside}),
                                                     timed(value_after(seconds(1), 4))};
    CHECK(weft::race_staggered(attempts, milliseconds(100)) == 2);
    CHECK(started == std::vector<std::int64_t>{0, 100, 200});
    CHECK(weft::clock::now() - begin == milliseconds(250));
    CHECK(inside == 0);
  });
}

TEST_CASE("ST01 staggered: when the last one started has failed, the next starts at once") {
  in_simulations(40, [] {
    auto const begin = weft::clock::now();
    CHECK(weft::race_staggered(std::vector{failure_after(milliseconds(10), "a"), failure_after(milliseconds(20), "b"),
                                           value_after(milliseconds(5), 3), value_after(milliseconds(1), 4)},
                               seconds(1)) == 3);
    CHECK(weft::clock::now() - begin == milliseconds(35));
    // An older one that fails does not hurry the next.
    auto const again = weft::clock::now();
    CHECK(weft::race_staggered(std::vector{failure_after(milliseconds(150), "a"), value_after(seconds(10), 2), value_after(milliseconds(5), 3)},
                               milliseconds(100)) == 3);
    CHECK(weft::clock::now() - again == milliseconds(205));
  });
}

TEST_CASE("ST02 staggered, all fail: the errors in the order they were started") {
  in_simulations(30, [] {
    CHECK(messages_of_group([] {
            (void)weft::race_staggered(std::vector{failure_after(milliseconds(50), "a"), failure_after(milliseconds(1), "b")}, milliseconds(10));
          }) == std::vector<std::string>{"a", "b"});
  });
}

TEST_CASE("staggered, cancelled between two starts: nothing more is started") {
  in_all_orders([] {
    std::atomic<int> started{0}, inside{0};
    auto const parent = weft::spawn([&] {
      std::function<int()> const attempt = [&] {
        ++started;
        return endless{inside}();
      };
      return weft::race_staggered(std::vector{attempt, attempt}, std::chrono::hours(1));
    });
    until([&] { return started != 0; });
    CHECK(parent.cancel("enough"));
    CHECK(message_of<weft::task_cancelled_error>([&] { parent.get(); }) == "enough");
    CHECK(started == 1);
    CHECK(inside == 0);
  });
}
