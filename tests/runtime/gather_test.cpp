// gather, gather_settled: values in order, the first error, cancellation of the one and of the many.
#include <atomic>
#include <functional>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

#include <weft/gather.hpp>
#include <weft/timeout.hpp>
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

// Waits for ever; counts those that have begun and have not ended.
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

}  // namespace

TEST_CASE("GA01 values in the order of the arguments, handles and callables mixed, void as monostate") {
  everywhere([] {
    weft::promise<std::string> p;
    auto const f = p.get_future();
    int steps = 0;
    auto const later = weft::spawn([p = std::move(p)]() mutable {
      this_task::yield();
      p.set_value("c");
    });
    auto const [a, b, c, d] = weft::gather([] { return 1; }, [&steps] { steps = 7; }, f,
                                           weft::spawn([] { return std::make_unique<int>(4); }));
    static_assert(std::is_same_v<decltype(b), std::monostate const>);
    CHECK(a == 1);
    CHECK(steps == 7);
    CHECK(c == "c");
    CHECK(*d == 4);
    CHECK(f.get() == "c");  // of an lvalue handle the value is copied
    later.wait();
  });
}

TEST_CASE("GA01 in the order of the arguments, whatever the order of completion") {
  in_simulations(30, [] {
    std::vector<std::function<int()>> bodies;
    for (int i = 0; i != 10; ++i) {
      bodies.push_back([i] {
        this_task::sleep_for(milliseconds(10 * ((i * 7) % 10)));
        return i;
      });
    }
    auto const values = weft::gather(bodies);
    static_assert(std::is_same_v<decltype(values), std::vector<int> const>);
    for (int i = 0; i != 10; ++i) CHECK(values[static_cast<std::size_t>(i)] == i);
  });
}

TEST_CASE("gather of ranges: of lvalue handles copied, of rvalue handles moved, views, single-pass ranges") {
  everywhere([] {
    auto const square = [](int i) { return weft::spawn([i] { return i * i; }); };
    std::vector<weft::task<int>> const tasks{square(1), square(2), square(3)};
    CHECK(weft::gather(tasks) == std::vector{1, 4, 9});
    CHECK(tasks[2].get() == 9);
    CHECK(weft::gather(tasks | std::views::reverse) == std::vector{9, 4, 1});
    auto const spawned = std::views::iota(1, 5) | std::views::transform(square);
    CHECK(weft::gather(spawned) == std::vector{1, 4, 9, 16});

    std::vector<weft::task<std::unique_ptr<int>>> owning;
    for (int i = 0; i != 3; ++i) owning.push_back(weft::spawn([i] { return std::make_unique<int>(i); }));
    auto const moved = weft::gather(std::move(owning));
    CHECK(*moved[2] == 2);

    auto const callables = std::views::iota(0, 3) | std::views::transform([](int i) { return [i] { return i + 10; }; });
    CHECK(weft::gather(callables) == std::vector{10, 11, 12});
    std::vector<std::function<void()>> nothing(3, [] {});
    CHECK(weft::gather(nothing).size() == 3);
  });
}

TEST_CASE("gather runs callables that refer to its caller's stack, and is not bothered by any_task copies of self") {
  everywhere([] {
    int a = 0, b = 0;
    weft::any_task kept;
    weft::gather([&a] { a = 1; },
                 [&b, &kept] {
                   kept = this_task::self();
                   b = 2;
                 });
    CHECK(a + b == 3);
    CHECK(kept.done());
  });
}

TEST_CASE("GA02 the first error cancels the rest, waits for them, and is thrown") {
  in_all_orders([] {
    std::atomic<int> inside{0};
    bool cleaned = false;
    weft::promise<> begun;
    CHECK(message_of<std::domain_error>([&] {
            weft::gather(endless{inside},
                         [&] {
                           begun.get_future().wait();
                           throw std::domain_error("the first");
                         },
                         [&] {
                           begun.set_value();
                           try {
                             never_done().wait();
                           } catch (weft::cancelled const& e) {
                             CHECK(e.cause() == weft::cancel_cause::awaiter);
                             this_task::yield();
                             cleaned = true;
                             throw;
                           }
                         });
          }) == "the first");
    CHECK(inside == 0);
    CHECK(cleaned);
    CHECK(this_task::cancelling() == 0);
    this_task::yield();
  });
}

TEST_CASE("GA02 the error that came first in time, not in the order of the arguments") {
  in_simulations(30, [] {
    auto const fail_after = [](int ms, char const* what) {
      return [ms, what] {
        weft::shield_scope const to_the_end;
        this_task::sleep_for(milliseconds(ms));
        throw std::runtime_error(what);
      };
    };
    CHECK(message_of<std::runtime_error>([&] {
            weft::gather(fail_after(30, "third"), fail_after(10, "first"), fail_after(20, "second"));
          }) == "first");
  });
}

TEST_CASE("GA02 a sibling that failed while another is run in place ends that one") {
  in_simulations(200, [] {  // the second can only end if the gatherer, in the middle of it, hears of the first
    CHECK_THROWS_AS(weft::gather([] { throw std::runtime_error("over"); }, [] { never_done().wait(); }), std::runtime_error);
  });
  for (int i = 0; i != 50; ++i) {
    run_on(4, [] {
      CHECK_THROWS_AS(weft::gather([] { throw std::runtime_error("over"); }, [] { never_done().wait(); }), std::runtime_error);
    });
  }
}

TEST_CASE("GA02 of handles that have failed already the first in the order given; the rest is cancelled") {
  everywhere([] {
    auto const fails = [](char const* what) {
      auto t = weft::spawn([what] { throw std::runtime_error(what); });
      t.wait();
      return t;
    };
    weft::promise<> p;
    CHECK(message_of<std::runtime_error>([&] { weft::gather(p.get_future(), fails("a"), fails("b")); }) == "a");
    CHECK(p.cancelled());
  });
}

TEST_CASE("F19 the errors that gather swallows count as looked at") {
  for_each_worker_count([](unsigned workers) {
    reports seen;
    weft::run(seen.options(workers), [] {
      auto const fail = []() -> int { throw std::runtime_error("swallowed"); };
      CHECK_THROWS(weft::gather(fail, fail, fail));
      weft::gather_settled(fail, fail);
      weft::promise<int> p;
      p.set_exception(std::make_exception_ptr(1));
      CHECK_THROWS(weft::gather(fail, p.get_future()));
    });
    CHECK(seen.count() == 0);
  });
}

TEST_CASE("GA03 gather_settled: values, errors and cancellations in their places") {
  everywhere([] {
    auto const gone = weft::spawn([] { never_done().wait(); });
    CHECK(gone.cancel("not needed"));
    auto const [a, b, c, d] = weft::gather_settled([] { return 5; }, []() -> std::unique_ptr<int> { throw std::domain_error("bad"); },
                                                   gone, [] {});
    CHECK(a);
    CHECK(*a == 5);
    CHECK(a.error() == nullptr);
    CHECK_FALSE(b.has_value());
    CHECK_FALSE(b.cancelled());
    CHECK(message_of<std::domain_error>([&] { (void)b.value(); }) == "bad");
    CHECK_FALSE(c);
    CHECK(c.cancelled());
    CHECK(message_of<weft::task_cancelled_error>([&] { std::rethrow_exception(c.error()); }) == "not needed");
    CHECK(d);
    d.value();
    static_assert(std::is_same_v<decltype(d), weft::outcome<void> const>);

    std::vector<std::function<int()>> bodies{[] { return 1; }, []() -> int { throw 2; }, [] { return 3; }};
    auto const all = weft::gather_settled(bodies);
    CHECK(all.size() == 3);
    CHECK(all[0].value() == 1);
    CHECK_THROWS_AS((void)all[1].value(), int);
    CHECK(*all[2] == 3);
  });
}

TEST_CASE("GA04 a child that was cancelled is an error of the gather: task_cancelled_error; gather's task lives on") {
  in_all_orders([] {
    std::atomic<int> inside{0};
    weft::promise<> begun;
    auto const victim = weft::spawn([f = begun.get_future()] {
      f.wait();
      never_done().wait();
    });
    auto const killer = weft::spawn([victim, p = std::move(begun)]() mutable {
      p.set_value();
      (void)victim.cancel("you alone");
    });
    CHECK(message_of<weft::task_cancelled_error>([&] { weft::gather(endless{inside}, victim); }) == "you alone");
    CHECK(inside == 0);
    CHECK(this_task::cancelling() == 0);
    killer.get();
  });
}

TEST_CASE("GA05 cancelling the gatherer cancels all, waits for them, and it ends cancelled with the message") {
  auto const body = [](auto gather) {
    std::atomic<int> begun{0}, inside{0};
    auto const parent = weft::spawn([&] {
      auto const child = [&] {
        ++begun;
        return endless{inside}();
      };
      auto const handle = weft::spawn(child);
      gather(child, handle, child);
    });
    until([&] { return begun != 0; });
    CHECK(parent.cancel("all of you"));
    CHECK(message_of<weft::task_cancelled_error>([&] { parent.get(); }) == "all of you");
    CHECK(inside == 0);
  };
  in_all_orders([&] { body([](auto const&... h) { weft::gather(h...); }); });
  in_all_orders([&] { body([](auto const&... h) { weft::gather_settled(h...); }); });
}

TEST_CASE("GA05 cancelled it is, though all children swallow it and return values; if one fails, that error") {
  auto const family = [](bool fails, bool settled) {
    auto begun = std::make_shared<std::atomic<int>>(0);
    auto parent = weft::spawn([=] {
      auto const stubborn = [=] {
        ++*begun;
        try {
          never_done().wait();
        } catch (weft::cancelled const&) {
          if (fails) throw std::domain_error("in cleaning up");
        }
        return 1;
      };
      if (settled) {
        weft::gather_settled(stubborn, stubborn);
      } else {
        weft::gather(stubborn, stubborn);
      }
    });
    until([&] { return *begun != 0; });
    CHECK(parent.cancel("now"));
    return parent;
  };
  in_all_orders([&] { CHECK(message_of<weft::task_cancelled_error>([&] { family(false, false).get(); }) == "now"); });
  in_all_orders([&] { CHECK(message_of<weft::task_cancelled_error>([&] { family(true, true).get(); }) == "now"); });
  in_all_orders([&] { CHECK(message_of<std::domain_error>([&] { family(true, false).get(); }) == "in cleaning up"); });
}

TEST_CASE("C19 GA05 a second request reaches the children's cleaning up") {
  in_all_orders([] {
    weft::promise<> cleaning;
    auto const parent = weft::spawn([&cleaning] {
      weft::gather([] { return 1; },
                   [&cleaning] {
                     try {
                       never_done().wait();
                     } catch (weft::cancelled const&) {
                       cleaning.set_value();
                       never_done().wait();
                     }
                   });
    });
    this_task::yield();
    CHECK(parent.cancel("first"));
    auto const reached = weft::wait({cleaning.get_future(), weft::future<>(parent)}, weft::return_when::first_completed);
    if (!parent.done()) CHECK(parent.cancel("second"));
    parent.wait();
    CHECK(parent.cancelled());
    if (!cleaning.get_future().done()) cleaning.set_value();
    (void)reached;
  });
}

TEST_CASE("C07 with a request pending: callables are not spawned, handles are cancelled and waited for") {
  in_all_orders([] {
    std::atomic<int> inside{0};
    bool ran = false;
    auto const parent = weft::spawn([&] {
      (void)this_task::self().cancel("at once");
      CHECK(message_of<weft::cancelled>([&] { weft::gather([&ran] { ran = true; }); }) == "at once");
      (void)this_task::self().cancel("again");
      CHECK_THROWS_AS(weft::gather(), weft::cancelled);
      (void)this_task::self().cancel("handles");
      auto const child = weft::spawn(endless{inside});
      CHECK(message_of<weft::cancelled>([&] { weft::gather([&ran] { ran = true; }, child); }) == "handles");
      CHECK(child.cancelled());
      (void)this_task::self().cancel("done ones");
      auto const done = weft::spawn([] { return 1; });
      {
        weft::shield_scope const shield;
        done.wait();
      }
      CHECK_THROWS_AS(weft::gather(done), weft::cancelled);
      CHECK(done.result() == 1);
    });
    parent.get();
    CHECK_FALSE(ran);
    CHECK(inside == 0);
  });
}

TEST_CASE("W10 a request that comes when all have ended waits for the next checkpoint; the values are not lost") {
  everywhere([] {
    auto const parent = weft::spawn([] {
      auto const [a, b] = weft::gather([] { return 1; },
                                       [parent = this_task::self()] {
                                         weft::shield_scope const shield;
                                         return 2;
                                       });
      (void)this_task::self().cancel();
      return a + b;
    });
    CHECK(parent.get() == 3);
  });
}

TEST_CASE("TO01 GA05 a time-out around gather and race: the children are cancelled and waited for, then timeout_error") {
  in_all_orders([] {
    std::atomic<int> inside{0};
    auto const late = std::chrono::microseconds(50);
    CHECK_THROWS_AS(weft::with_timeout(late, [&] { weft::gather(endless{inside}, endless{inside}); }), weft::timeout_error);
    CHECK(inside == 0);
    CHECK_THROWS_AS(weft::with_timeout(late, [&] { (void)weft::race(endless{inside}, endless{inside}); }), weft::timeout_error);
    CHECK(inside == 0);
    weft::gather([&] { CHECK_THROWS_AS(weft::with_timeout(late, [] { never_done().wait(); }), weft::timeout_error); }, [] {});
    CHECK(this_task::cancelling() == 0);
    this_task::yield();
  });
}

TEST_CASE("X5 inside shield_scope a request is not passed on; gather goes on to its end") {
  everywhere([] {
    weft::promise<> inside, go_on;
    auto const parent = weft::spawn([&inside, f = go_on.get_future()] {
      weft::shield_scope const shield;
      auto const [a, b] = weft::gather([&] {
        inside.set_value();
        f.wait();
        return 1;
      }, [] { return 2; });
      return a + b;
    });
    inside.get_future().wait();
    CHECK(parent.cancel());
    this_task::yield();
    CHECK_FALSE(parent.done());
    go_on.set_value();
    CHECK(parent.get() == 3);
  });
}

TEST_CASE("GA06 when all are done there is nothing left to cancel") {
  everywhere([] {
    auto const t = weft::spawn([] { return std::get<0>(weft::gather([] { return 1; })); });
    CHECK(t.get() == 1);
    CHECK_FALSE(t.cancel());
  });
}

TEST_CASE("GA07 of nothing: an empty tuple, an empty vector") {
  everywhere([] {
    static_assert(std::is_same_v<decltype(weft::gather()), std::tuple<>>);
    weft::gather();
    weft::gather_settled();
    CHECK(weft::gather(std::vector<weft::task<int>>()).empty());
    CHECK(weft::gather(std::vector<std::function<int()>>()).empty());
  });
}

TEST_CASE("GA08 the same task twice: run once, its value twice, cancelled once") {
  everywhere([] {
    int runs = 0;
    auto const t = weft::spawn([&runs] { return ++runs; });
    CHECK(weft::gather(t, t, weft::task<int>(t)) == std::tuple(1, 1, 1));
    std::vector<weft::future<int>> many(40, t);
    CHECK(weft::gather(std::move(many)) == std::vector<int>(40, 1));

    auto const endless = weft::spawn([] { never_done().wait(); });
    CHECK_THROWS(weft::gather(endless, endless, [] { throw 1; }));
    CHECK(endless.cancelling() == 1);
  });
}

TEST_CASE("GA10 futures of another runtime, and on plain threads") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime other({.workers = workers});
    auto const theirs = other.spawn([] { return 1; });
    run_on(workers, [&] {
      auto const [a, b, c] = weft::gather(theirs, [] { return 2; }, other.spawn([] { return 3; }));
      CHECK(a + b + c == 6);
    });
    std::vector<weft::task<int>> tasks;
    for (int i = 0; i != 5; ++i) tasks.push_back(other.spawn([i] { return i; }));
    CHECK(weft::gather(tasks) == std::vector{0, 1, 2, 3, 4});
    weft::promise<int> p;
    CHECK_THROWS_AS(weft::gather(p.get_future(), other.spawn([] { throw std::domain_error("theirs"); })), std::domain_error);
    CHECK(p.cancelled());
    CHECK_THROWS_AS(weft::gather([] { return 1; }), weft::no_runtime_error);
    CHECK_THROWS_AS(weft::gather(std::vector<std::function<int()>>{[] { return 1; }}), weft::no_runtime_error);
  });
}

TEST_CASE("GA11 gather of shields cancels the shields alone; a shield around gather protects all") {
  in_all_orders([] {
    weft::promise<int> a, b;
    auto const parent = weft::spawn([fa = a.get_future(), fb = b.get_future()] { weft::gather(weft::shield(fa), weft::shield(fb)); });
    this_task::yield();
    CHECK(parent.cancel());
    parent.wait();
    CHECK(parent.cancelled());
    CHECK_FALSE(a.cancelled());
    CHECK_FALSE(b.cancelled());

    auto const gatherer = weft::spawn([fa = a.get_future(), fb = b.get_future()] {
      auto const [x, y] = weft::gather(fa, fb);
      return x + y;
    });
    auto const outer = weft::spawn([gatherer] { return weft::shield(weft::future<int>(gatherer)).get(); });
    this_task::yield();
    CHECK(outer.cancel());
    outer.wait();
    CHECK(outer.cancelled());
    a.set_value(1);
    b.set_value(2);
    CHECK(gatherer.get() == 3);
  });
}

namespace {
int fib(int n) {
  if (n < 2) return n;
  auto const [a, b] = weft::gather([n] { return fib(n - 1); }, [n] { return fib(n - 2); });
  return a + b;
}
int nest(int depth) { return depth == 0 ? 0 : 1 + std::get<0>(weft::gather([depth] { return nest(depth - 1); })); }
}  // namespace

TEST_CASE("GA12 deep and recursive gathers") {
  on_all([] {
    CHECK(fib(16) == 987);
    CHECK(nest(781) == 781);
  });
  in_simulations(5, [] {
    CHECK(fib(10) == 55);
    CHECK(nest(781) == 781);
  });
}

TEST_CASE("a task that gathers itself: deadlock_error, nothing is cancelled or spawned") {
  everywhere([] {
    weft::promise<weft::task<int>> self;
    weft::promise<> p;
    bool ran = false;
    auto const t = weft::spawn([&ran, me = self.get_future(), f = p.get_future()] {
      CHECK_THROWS_AS(weft::gather([&ran] { ran = true; }, f, me.get()), weft::deadlock_error);
      CHECK_THROWS_AS(weft::gather(std::vector{me.get()}), weft::deadlock_error);
      return 1;
    });
    self.set_value(t);
    CHECK(t.get() == 1);
    CHECK_FALSE(ran);
    CHECK_FALSE(p.cancelled());
  });
}

TEST_CASE("children of the variadic form carry the joining task's spawn site, those of a range the call's") {
  run_on(2, [] {
    unsigned line = 0;
    auto const site_of = [](std::uint64_t id) {
      for (auto const& t : weft::all_tasks()) {
        if (t.id == id) return t.spawned_at.line();
      }
      return 0u;
    };
    line = __LINE__ + 1;
    auto const t = weft::spawn([&] {
      auto const [site] = weft::gather([&] { return site_of(this_task::id()); });
      return site;
    });
    CHECK(t.get() == line);
    std::vector<std::function<unsigned()>> const one{[&] { return site_of(this_task::id()); }};
    line = __LINE__ + 1;
    CHECK(weft::gather(one)[0] == line);
  });
}

TEST_CASE("a callable whose copying throws: what was spawned is cancelled and waited for") {
  everywhere([] {
    std::atomic<int> inside{0};
    struct throws_when_copied {
      throws_when_copied() = default;
      throws_when_copied(throws_when_copied const&) { throw std::domain_error("no copy"); }
      int operator()() const { return 0; }
    } const bad;
    auto const handle = weft::spawn([] { never_done().wait(); });
    CHECK(message_of<std::domain_error>([&] { weft::gather(endless{inside}, handle, bad); }) == "no copy");
    CHECK(inside == 0);
    CHECK(handle.cancelled());
  });
}

TEST_CASE("invalid handles: invalid_state_error, nothing is spawned") {
  everywhere([] {
    bool ran = false;
    CHECK_THROWS_AS(weft::gather([&ran] { ran = true; }, weft::future<int>()), weft::invalid_state_error);
    CHECK_FALSE(ran);
  });
}
