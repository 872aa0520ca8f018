// Tasks: creation, names, ids, states, the current task, what they own, where they may be spawned.
#include <array>
#include <latch>
#include <memory>
#include <set>
#include <thread>

#include "tests/support/shapes.hpp"

using namespace std::chrono_literals;

namespace {

int free_function() { return 12; }

struct once {
  std::unique_ptr<int> v;
  int operator()() && { return *v; }
};

struct counted_callable {
  int operator()() const { return 1; }
  int& operator()(int) const;
};

static_assert(std::is_same_v<decltype(weft::spawn(free_function)), weft::task<int>>);
static_assert(std::is_same_v<decltype(weft::spawn(std::declval<once>())), weft::task<int>>);
static_assert(std::is_same_v<decltype(weft::spawn([]() -> std::string const& { throw 1; })), weft::task<std::string>>);
static_assert(std::is_same_v<decltype(weft::spawn([] { return weft::future<int>(); })), weft::task<weft::future<int>>>);
static_assert(std::is_same_v<decltype(weft::spawn([] {})), weft::task<void>>);
template <class T>
concept has_setters = requires(T t) { t.set_value(); } || requires(T t) { t.set_exception(nullptr); };
static_assert(!has_setters<weft::task<>> && !has_setters<weft::future<>> && has_setters<weft::promise<>>);  // B11

}  // namespace

TEST_CASE("B01 a task is whole before it can be seen: name, id, parent; the caller goes on") {
  shapes::everywhere([] {
    auto const me = weft::this_task::id();
    for (int i = 0; i != 50; ++i) {
      auto const name = "child " + std::to_string(i);
      auto const t = weft::spawn({.name = name}, [name, me] {
        CHECK(weft::this_task::name() == name);
        for (auto const& info : weft::all_tasks()) {
          if (info.id == weft::this_task::id()) return info.parent == me && info.name == name;
        }
        return false;
      });
      CHECK(t.name() == name);
      CHECK(t.get());
    }
  });
}

TEST_CASE("B01 a spawned task does not run inside spawn") {
  weft::runtime rt({.workers = 1});
  rt.run([] {
    bool ran = false;
    auto const t = weft::fork([&ran] { ran = true; });
    CHECK_FALSE(ran);
  });
}

TEST_CASE("B06 a given name is readable inside and outside, and may be changed from anywhere") {
  shapes::everywhere([] {
    weft::promise<> renamed;
    auto const t = weft::spawn({.name = "first"}, [f = renamed.get_future()] {
      auto const before = weft::this_task::name();
      f.get();
      auto const after = weft::this_task::name();
      weft::this_task::set_name("own choice");
      return before + ", " + after;
    });
    CHECK(t.name() == "first");
    while (t.state() == weft::task_state::scheduled) weft::this_task::yield();
    weft::this_task::yield();
    auto const seen_by_waiter = t.name();
    CHECK(seen_by_waiter == "first");
    if (t.state() == weft::task_state::suspended) {
      t.set_name("second");
      renamed.set_value();
      CHECK(t.get() == "first, second");
    } else {
      renamed.set_value();
      t.wait();
    }
    CHECK(t.name() == "own choice");
  });
}

TEST_CASE("B06 set_name against name from many tasks: one of the names, whole") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::run_on(workers, [] {
      weft::promise<> gate;
      auto const subject = weft::spawn({.name = std::string(40, 'a')}, [f = gate.get_future()] { f.get(); });
      std::vector<weft::task<>> others;
      for (char c = 'a'; c != 'e'; ++c) {
        others.push_back(weft::spawn([subject, c] {
          for (int i = 0; i != 500; ++i) {
            subject.set_name(std::string(40, c));
            auto const n = subject.name();
            CHECK((n.size() == 40 && n == std::string(40, n[0])));
          }
        }));
      }
      for (auto const& t : others) t.get();
      gate.set_value();
      subject.get();
    });
  });
}

TEST_CASE("B07 ids are unique, and give the name that was not given") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::run_on(workers, [] {
      std::set<std::uint64_t> ids{weft::this_task::id()};
      std::vector<weft::task<std::vector<std::uint64_t>>> parents;
      for (int i = 0; i != 8; ++i) {
        parents.push_back(weft::spawn([] {
          std::vector<std::uint64_t> mine{weft::this_task::id()};
          for (int k = 0; k != 300; ++k) {
            auto const t = weft::spawn([] { return weft::this_task::id(); });
            CHECK(t.get() == t.id());
            CHECK(t.name() == "task-" + std::to_string(t.id()));
            mine.push_back(t.id());
          }
          return mine;
        }));
      }
      for (auto const& p : parents) {
        for (auto const id : p.get()) CHECK(ids.insert(id).second);
      }
      CHECK(ids.size() == 8 * 301 + 1);
      CHECK(ids.count(0) == 0);
    });
  });
}

TEST_CASE("B08 states: scheduled, running, suspended, finished, failed, cancelled") {
  shapes::on_all([] {
    weft::promise<> gate;
    auto const waits = weft::spawn([f = gate.get_future()] { f.get(); });
    shapes::until([&] { return waits.state() == weft::task_state::suspended; });
    CHECK(weft::any_task(waits).state() == weft::task_state::suspended);
    gate.set_value();
    waits.get();
    CHECK(waits.state() == weft::task_state::finished);
    auto const fails = weft::spawn([] { throw 1; });
    CHECK_THROWS_AS(fails.get(), int);
    CHECK(fails.state() == weft::task_state::failed);
    auto const stops = weft::spawn([] { weft::this_task::sleep_for(weft::never); });
    (void)stops.cancel();
    stops.wait();
    CHECK(stops.state() == weft::task_state::cancelled);
    CHECK(weft::this_task::self().state() == weft::task_state::running);
  });
}

TEST_CASE("B08 scheduled until somebody starts it; one worker starts nothing while its task runs") {
  shapes::run_on(1, [] {
    auto const t = weft::spawn([] {});
    CHECK(t.state() == weft::task_state::scheduled);
    CHECK(t.cancelling() == 0);
    CHECK(t.cancel());
    CHECK(t.cancel());
    CHECK(t.cancelling() == 2);
    CHECK(t.state() == weft::task_state::scheduled);
  });
}

TEST_CASE("B08 the joiner of an inlined child is suspended, the child runs") {
  shapes::everywhere([] {
    weft::any_task const outer = weft::this_task::self();
    auto const t = weft::spawn([outer] {
      CHECK(weft::this_task::self().state() == weft::task_state::running);
      shapes::until([&] { return outer.state() == weft::task_state::suspended; });
      return true;
    });
    CHECK(t.get());
    CHECK(outer.state() == weft::task_state::running);
  });
}

TEST_CASE("B09 a task that waits for itself gets a deadlock_error at once") {
  shapes::everywhere([] {
    auto const self = std::make_shared<weft::promise<weft::task<>>>();
    auto const t = weft::spawn({.name = "ouroboros"}, [f = self->get_future()] {
      auto const me = f.get();
      auto const text = shapes::message_of<weft::deadlock_error>([&] { me.get(); });
      CHECK(text.find("ouroboros") != text.npos);
      CHECK_THROWS_AS(me.wait(), weft::deadlock_error);
      CHECK_THROWS_AS((void)me.wait_for(1h), weft::deadlock_error);
      CHECK_THROWS_AS(weft::this_task::self().wait(), weft::deadlock_error);
    });
    self->set_value(t);
    t.get();
  });
}

TEST_CASE("B10 this_task: nobody outside of a task, right inside, right after suspensions and inlined joins") {
  CHECK_FALSE(weft::this_task::self().valid());
  CHECK(weft::this_task::id() == 0);
  CHECK(weft::this_task::name().empty());
  weft::this_task::set_name("nobody's");
  CHECK(weft::this_task::name().empty());
  CHECK(weft::this_task::cancelling() == 0);
  CHECK(weft::this_task::uncancel() == 0);
  CHECK_FALSE(weft::this_task::cancel_requested());
  CHECK_FALSE(weft::this_task::deadline().has_value());
  weft::this_task::checkpoint();
  weft::this_task::yield();
  CHECK(weft::runtime::current() == nullptr);
  CHECK(weft::all_tasks().empty());
  shapes::everywhere([] {
    std::vector<weft::task<>> all;
    for (int i = 0; i != 8; ++i) {
      all.push_back(weft::spawn({.name = std::to_string(i)}, [i] {
        auto const id = weft::this_task::id();
        weft::any_task const me = weft::this_task::self();
        auto const right = [&] {
          CHECK(weft::this_task::name() == std::to_string(i));
          CHECK(weft::this_task::id() == id);
          CHECK(weft::this_task::self() == me);
        };
        for (int k = 0; k != 5; ++k) {
          weft::this_task::yield();
          right();
          auto const child = weft::spawn([id] { return weft::this_task::id() != id; });
          CHECK(child.get());
          right();
        }
        CHECK_THROWS_AS(weft::spawn([] { throw 1; }).get(), int);
        right();
      }));
    }
    for (auto const& t : all) t.get();
  });
}

TEST_CASE("B13 what can be run: functions, one-shot and move-only callables, large and over-aligned captures") {
  shapes::everywhere([] {
    struct alignas(128) wide {
      char c = 'w';
    };
    CHECK(weft::spawn(free_function).get() == 12);
    CHECK(weft::spawn(&free_function).get() == 12);
    CHECK(weft::spawn(once{std::make_unique<int>(3)}).get() == 3);
    CHECK(weft::spawn(counted_callable{}).get() == 1);
    counted_callable const lvalue;
    CHECK(weft::spawn(lvalue).get() == 1);
    std::array<int, 2000> large{};
    large.back() = 4;
    CHECK(weft::spawn([large] { return large.back(); }).get() == 4);
    CHECK(weft::spawn([w = wide()] { return reinterpret_cast<std::uintptr_t>(&w) % 128; }).get() == 0);
    CHECK(weft::spawn(std::function<int()>([] { return 5; })).get() == 5);
  });
}

TEST_CASE("X8 B17 B18 dropping handles: a running task runs on, a result goes with its last handle, on any thread") {
  shapes::for_each_worker_count([](unsigned workers) {
    auto const life = std::make_shared<int>(0);
    weft::runtime rt({.workers = workers});
    weft::promise<> gate, ran_on;
    rt.spawn([f = gate.get_future(), &ran_on] {
      f.get();
      ran_on.set_value();
    }).detach();
    gate.set_value();
    ran_on.get_future().get();
    for (int i = 0; i != 100; ++i) {
      auto t = rt.spawn([life] { return life; });
      auto copy = t;
      std::thread drops([c = std::move(copy)]() mutable {
        c.wait();
        c = {};
      });
      t.wait();
      t = {};
      drops.join();
    }
    shapes::until([&] { return life.use_count() == 1; });
  });
}

TEST_CASE("B21 a returned task is not flattened") {
  shapes::everywhere([] {
    auto const outer = weft::spawn([] { return weft::spawn([] { return 4; }); });
    static_assert(std::is_same_v<decltype(outer), weft::task<weft::task<int>> const>);
    CHECK(outer.get().get() == 4);
  });
}

TEST_CASE("B22 spawn from plain threads: results and errors cross") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::latch start(4);
    std::atomic<int> sum{0};
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        for (int k = 0; k != 100; ++k) {
          auto const t = rt.spawn({.name = "from outside"}, [i, k]() -> int {
            if (k % 10 == 0) throw std::runtime_error("tenth");
            return i;
          });
          try {
            sum += t.get();
          } catch (std::runtime_error const&) {
            sum += 100;
          }
        }
      });
    }
    for (auto& t : threads) t.join();
    CHECK(sum == (0 + 1 + 2 + 3) * 90 + 4 * 10 * 100);
  });
}

TEST_CASE("B23 a plain thread whose wait has timed out has cancelled nothing; cancel() does") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    auto const t = rt.spawn([] { weft::this_task::sleep_for(weft::never); });
    CHECK_FALSE(t.wait_for(1ms));
    CHECK(t.cancelling() == 0);
    CHECK(t.cancel("too slow"));
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { t.get(); }) == "too slow");
  });
}

TEST_CASE("B24 a task that cancels itself: outside they see task_cancelled_error") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    auto const t = rt.spawn([] {
      CHECK(weft::this_task::self().cancel("by myself"));
      weft::this_task::yield();
    });
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { t.get(); }) == "by myself");
    auto const thrown = rt.spawn([] { throw weft::cancelled("thrown"); });
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { thrown.get(); }) == "thrown");
    CHECK(thrown.cancelled());
  });
}

TEST_CASE("B25 run() inside a task of the same runtime is refused, of another one it is fine") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    rt.run([&] {
      CHECK_THROWS_AS(rt.run([] {}), std::logic_error);
      CHECK_THROWS_AS((void)rt.shutdown(), std::logic_error);
      CHECK(weft::run({.workers = workers}, [] { return 5; }) == 5);
    });
  });
}
