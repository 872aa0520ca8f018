// wait: the three modes, deadlines, what is in `done`, and that it leaves the futures alone.
#include <atomic>
#include <functional>
#include <list>
#include <ranges>
#include <thread>
#include <vector>

#include <weft/wait.hpp>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

using namespace shapes;
namespace this_task = weft::this_task;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using weft::return_when;

namespace {

template <class F>
void in_all_orders(F f) {
  on_all(f);
  in_simulations(60, f);
}

weft::future<int> ready(int i) {
  weft::promise<int> p;
  p.set_value(i);
  return p.get_future();
}
weft::future<int> broken() {
  weft::promise<int> p;
  p.set_exception(std::make_exception_ptr(std::domain_error("broken")));
  return p.get_future();
}

weft::task<int> after(milliseconds d, int value) {
  return weft::spawn([=] {
    this_task::sleep_for(d);
    return value;
  });
}
weft::task<int> failure_after(milliseconds d) {
  return weft::spawn([=]() -> int {
    this_task::sleep_for(d);
    throw std::domain_error("failed");
  });
}

}  // namespace

TEST_CASE("WA01 all_completed: all of them are done, in the order given") {
  in_all_orders([] {
    std::vector<weft::task<int>> tasks;
    for (int i = 0; i != 40; ++i) {
      tasks.push_back(weft::spawn([i] {
        if (i % 3 == 0) this_task::yield();
        return i;
      }));
    }
    auto const [done, pending] = weft::wait(tasks);
    CHECK(pending.empty());
    REQUIRE(done.size() == 40);
    for (int i = 0; i != 40; ++i) CHECK(done[static_cast<std::size_t>(i)].result() == i);
  });
}

TEST_CASE("WA01 WA02 first_completed: whatever is done when it returns, the rest pending, both in order") {
  in_simulations(40, [] {
    std::vector<weft::task<int>> const tasks{after(milliseconds(30), 0), after(milliseconds(10), 1), after(milliseconds(20), 2),
                                             after(milliseconds(10), 3)};
    auto const [done, pending] = weft::wait(tasks, return_when::first_completed);
    REQUIRE(done.size() + pending.size() == 4);
    REQUIRE(!done.empty());
    CHECK((done[0] == tasks[1] || done[0] == tasks[3]));  // both are due at once; both may be done
    CHECK(pending.front() == tasks[0]);
    for (auto const& d : done) CHECK(d.done());
    auto const rest = weft::wait(pending, return_when::first_completed);
    CHECK(rest.done.size() >= 1);
    weft::wait(tasks);
  });
  in_all_orders([] {
    weft::promise<int> a, b, c;
    std::vector<weft::future<int>> const all{a.get_future(), b.get_future(), c.get_future()};
    auto const setter = weft::spawn([&] { b.set_value(1); });
    auto const [done, pending] = weft::wait(all, return_when::first_completed);
    CHECK(done == std::vector{all[1]});
    CHECK(pending == std::vector{all[0], all[2]});
    setter.wait();
  });
}

TEST_CASE("WA01 WA05 first_exception: until a failure; cancelled is none; without one it is all_completed") {
  in_simulations(40, [] {
    std::vector<weft::task<int>> const tasks{after(milliseconds(10), 1), failure_after(milliseconds(20)), after(milliseconds(30), 3)};
    auto const [done, pending] = weft::wait(tasks, return_when::first_exception);
    CHECK(done == std::vector{tasks[0], tasks[1]});
    CHECK(pending == std::vector{tasks[2]});
    CHECK_THROWS_AS((void)done[1].result(), std::domain_error);

    auto const begin = weft::clock::now();
    std::vector<weft::task<int>> const calm{after(milliseconds(10), 1), after(milliseconds(50), 2), after(milliseconds(30), 3)};
    (void)calm[2].cancel();
    CHECK(weft::wait(calm, return_when::first_exception).done.size() == 3);
    CHECK(weft::clock::now() - begin >= milliseconds(50));
  });
  everywhere([] {
    weft::promise<int> p;  // one that has failed already: at once
    auto const [done, pending] = weft::wait({p.get_future(), broken()}, return_when::first_exception);
    CHECK(done.size() == 1);
    CHECK(pending.size() == 1);
    CHECK_THROWS((void)done[0].result());
  });
}

TEST_CASE("WA03 WA10 the deadline: what is done by then, no error, nothing cancelled; zero is a poll") {
  in_simulations(40, [] {
    std::vector<weft::task<int>> const tasks{after(milliseconds(10), 1), after(hours(1), 2)};
    auto const begin = weft::clock::now();
    auto const [done, pending] = weft::wait(tasks, return_when::all_completed, milliseconds(20));
    CHECK(weft::clock::now() - begin == milliseconds(20));
    CHECK(done == std::vector{tasks[0]});
    CHECK(pending == std::vector{tasks[1]});
    CHECK(tasks[1].cancelling() == 0);
    CHECK(weft::wait(tasks, return_when::all_completed, begin + milliseconds(30)).pending.size() == 1);
    (void)tasks[1].cancel();
  });
  everywhere([] {
    weft::promise<int> p;
    std::vector<weft::future<int>> const all{p.get_future(), ready(1)};
    for (auto const when : {return_when::all_completed, return_when::first_exception}) {
      CHECK(weft::wait(all, when, seconds(0)).done.size() == 1);
      CHECK(weft::wait(all, when, seconds(-5)).pending.size() == 1);
    }
    CHECK(weft::wait(all, return_when::all_completed, std::chrono::nanoseconds(1)).pending.size() == 1);
  });
}

TEST_CASE("WA04 errors are not thrown, and stay in the handles, unlooked-at") {
  for_each_worker_count([](unsigned workers) {
    reports seen;
    weft::run(seen.options(workers), [] {
      std::vector<weft::task<int>> tasks{weft::spawn([]() -> int { throw std::domain_error("stays"); })};
      auto const result = weft::wait(tasks);
      CHECK(result.done.size() == 1);
    });
    CHECK(seen.count() == 1);
  });
}

TEST_CASE("WA06 the same future twice counts once") {
  everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future(), g = ready(1);
    auto const [done, pending] = weft::wait({f, g, f, g, f}, return_when::first_completed);
    CHECK(done == std::vector{g});
    CHECK(pending == std::vector{f});
    std::vector<weft::future<int>> many(100, g);
    CHECK(weft::wait(many).done.size() == 1);
  });
}

TEST_CASE("WA07 empty ranges: invalid_argument, for every mode; empty handles; the running task: deadlock_error") {
  everywhere([] {
    for (auto const when : {return_when::all_completed, return_when::first_completed, return_when::first_exception}) {
      CHECK_THROWS_AS(weft::wait(std::vector<weft::task<int>>(), when), std::invalid_argument);
    }
    CHECK_THROWS_AS(weft::wait({ready(1), weft::future<int>()}), weft::invalid_state_error);
    auto const t = weft::spawn([] { CHECK_THROWS_AS(weft::wait({this_task::self()}), weft::deadlock_error); });
    t.get();
  });
}

TEST_CASE("WA08 being cancelled in it leaves the futures alone") {
  in_all_orders([] {
    weft::promise<int> p, q;
    weft::promise<> begun;
    auto const waiter = weft::spawn([&begun, all = std::vector{p.get_future(), q.get_future()}] {
      begun.set_value();
      weft::wait(all);
    });
    begun.get_future().wait();
    CHECK(waiter.cancel("only you"));
    CHECK(message_of<weft::task_cancelled_error>([&] { waiter.get(); }) == "only you");
    CHECK_FALSE(p.cancelled());
    p.set_value(1);
    q.set_value(2);
  });
}

TEST_CASE("C05 wait is a checkpoint, also when it would not block") {
  everywhere([] {
    auto const t = weft::spawn([] {
      (void)this_task::self().cancel();
      CHECK_THROWS_AS(weft::wait({ready(1)}), weft::cancelled);
      CHECK(weft::wait({ready(1)}).done.size() == 1);
    });
    t.get();
  });
}

TEST_CASE("WA09 when it is over already it does not suspend") {
  in_simulations(20, [] {
    auto const begin = weft::clock::now();
    bool other_ran = false;
    auto const other = weft::spawn([&other_ran] { other_ran = true; });
    weft::wait({ready(1), ready(2)});
    weft::promise<int> p;
    weft::wait({p.get_future(), ready(2)}, return_when::first_completed);
    CHECK_FALSE(other_ran);
    CHECK(weft::clock::now() == begin);
    other.wait();
  });
}

TEST_CASE("wait takes any range of handles: any_task, lists, views, rvalues") {
  everywhere([] {
    std::vector<weft::any_task> const erased{weft::spawn([] { return 1; }), weft::spawn([] {})};
    CHECK(weft::wait(erased).done == erased);
    std::list<weft::future<>> list;
    for (int i = 0; i != 3; ++i) list.push_back(weft::spawn([] {}));
    CHECK(weft::wait(list | std::views::drop(1)).done.size() == 2);
    auto moved = weft::wait(std::vector{weft::spawn([] { return std::make_unique<int>(3); })});
    CHECK(*std::move(moved.done[0]).get() == 3);  // the last handle
    auto const spawned = std::views::iota(0, 4) | std::views::transform([](int i) { return weft::spawn([i] { return i; }); });
    CHECK(weft::wait(spawned).done.size() == 4);
  });
}

TEST_CASE("F27 wait on plain threads, and for futures of several runtimes") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime a({.workers = workers}), b({.workers = 1});
    std::vector<weft::task<int>> const tasks{a.spawn([] { return 1; }), b.spawn([] { return 2; })};
    CHECK(weft::wait(tasks).done.size() == 2);
    weft::promise<int> p;
    CHECK(weft::wait({p.get_future()}, return_when::all_completed, milliseconds(1)).pending.size() == 1);
    std::thread setter([&p] { p.set_value(1); });
    CHECK(weft::wait({p.get_future()}).done.size() == 1);
    setter.join();
  });
}

TEST_CASE("the idiom: while there is something pending, wait for the first") {
  everywhere([] {
    std::vector<weft::task<int>> pending;
    for (int i = 0; i != 20; ++i) pending.push_back(weft::spawn([i] { return i; }));
    int sum = 0;
    while (!pending.empty()) {
      auto step = weft::wait(std::move(pending), return_when::first_completed);
      for (auto const& t : step.done) sum += t.get();
      pending = std::move(step.pending);
    }
    CHECK(sum == 190);
  });
}

TEST_CASE("storm: timed-out waits for many on one pending future leave nothing behind") {
  auto const n = storm::rounds(20'000, 1'000'000);
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [n] {
      weft::promise<int> p, q;
      std::vector<weft::future<int>> const both{p.get_future(), q.get_future()};
      auto const some = [&](std::uint64_t k) {
        for (std::uint64_t i = 0; i != k; ++i) {
          REQUIRE(weft::wait(both, return_when::first_completed, std::chrono::nanoseconds(1 + i % 100)).pending.size() == 2);
        }
      };
      some(n / 10);
      auto const before = storm::resident();
      some(n);
      if (!storm::sanitized) CHECK(storm::resident() < before + storm::mib);
      p.set_value(1);
      CHECK(weft::wait(both, return_when::first_completed).done.size() == 1);
    });
  });
}
