// task_local: what children, callbacks, threads and reports see, and that no value stays or goes too early.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"
#include <weft/task_local.hpp>

using namespace shapes;
namespace this_task = weft::this_task;

namespace {

weft::task_local<std::string> name{"nobody"};
weft::task_local<int> number;

// Counts itself.
struct witness {
  static inline std::atomic<int> alive{0};
  int what;
  explicit witness(int w) noexcept : what(w) { ++alive; }
  witness(witness&& o) noexcept : what(o.what) { ++alive; }
  ~witness() { --alive; }
};

static_assert(!std::is_copy_constructible_v<weft::task_local<int>>);
static_assert(std::is_same_v<decltype(name.get()), std::string const&>);

// Called on a plain thread, whose values no test leaves changed.
template <class F>
void on_a_thread(F&& f) {
  std::thread(std::forward<F>(f)).join();
}

}  // namespace

TEST_CASE("CX01 without set() there is the initial value; set() replaces it for this task") {
  everywhere([] {
    CHECK(name.get() == "nobody");
    CHECK(number.get() == 0);
    name.set("a");
    number.set(1);
    CHECK(name.get() == "a");
    name.set("b");
    CHECK(name.get() == "b");
    CHECK(number.get() == 1);
  });
  CHECK(name.get() == "nobody");
}

TEST_CASE("CX01 a child starts with its parent's values as of spawn; later changes in either are the other's no business") {
  everywhere([] {
    name.set("parent");
    number.set(1);
    auto const check_and_change = [] {
      CHECK(name.get() == "parent");
      CHECK(number.get() == 1);
      name.set("child");
      this_task::yield();
      CHECK(name.get() == "child");
      CHECK(number.get() == 1);
      CHECK(weft::spawn([] { return name.get(); }).get() == "child");
    };
    auto const first = weft::spawn(check_and_change);
    auto second = weft::fork(check_and_change);
    auto const never_started = weft::spawn({.name = "third"}, check_and_change);
    (void)never_started.cancel();
    name.set("changed");
    number.set(2);
    auto const late = weft::spawn([] { return name.get() + std::to_string(number.get()); });
    first.get();
    second.get();
    CHECK(late.get() == "changed2");
    CHECK(name.get() == "changed");
    CHECK(number.get() == 2);
  });
}

TEST_CASE("CX01 children of a plain thread start with the thread's values, which theirs do not touch") {
  for_each_worker_count([](unsigned workers) {
    on_a_thread([workers] {
      name.set("thread");
      weft::runtime rt({.workers = workers});
      CHECK(rt.spawn([] {
                auto before = name.get();
                name.set("task");
                return before;
              }).get() == "thread");
      CHECK(rt.run([] { return name.get(); }) == "thread");
      CHECK(name.get() == "thread");
      on_a_thread([] { CHECK(name.get() == "nobody"); });
      // The child of a task in another runtime has its parent's.
      weft::runtime other({.workers = 1});
      CHECK(rt.run([&other] {
        name.set("first runtime");
        return other.spawn([] { return name.get(); }).get();
      }) == "first runtime");
    });
    CHECK(name.get() == "nobody");
  });
}

TEST_CASE("CX01 values are shared, not copied: move-only ones do, and a reference outlives what children set") {
  everywhere([] {
    static weft::task_local<std::unique_ptr<int>> pointer;
    CHECK(pointer.get() == nullptr);
    pointer.set(std::make_unique<int>(5));
    auto const& mine = pointer.get();
    weft::spawn([&mine] {
      CHECK(&pointer.get() == &mine);
      pointer.set(std::make_unique<int>(6));
      CHECK(*pointer.get() == 6);
    }).get();
    name.set("another local");
    CHECK(*mine == 5);
    CHECK(&pointer.get() == &mine);
  });
}

TEST_CASE("CX01 many locals, set in any order, each keeps its own value") {
  everywhere([] {
    std::array<weft::task_local<int>, 40> many;
    for (std::size_t i = 0; i != many.size(); ++i) many[i * 7 % many.size()].set(static_cast<int>(i * 7 % many.size()));
    auto const check = [&many](int changed) {
      for (int i = 0; i != 40; ++i) {
        if (many[static_cast<std::size_t>(i)].get() != (i == changed ? -1 : i)) return false;
      }
      return true;
    };
    auto child = weft::fork([&] {
      bool good = check(-1);
      for (int i = 0; i != 40 && good; ++i) {
        many[static_cast<std::size_t>(i)].set(-1);
        good = check(i);
        many[static_cast<std::size_t>(i)].set(i);
      }
      return good;
    });
    CHECK(child.get());
    CHECK(check(-1));
  });
}

TEST_CASE("X12 CX02 values survive suspension and migration: a storm of tasks that set, yield, wait and spawn") {
  auto const seed = storm::seed();
  for_each_worker_count([seed](unsigned workers) {
    std::atomic<std::uint64_t> wrong{0};
    run_on(workers, [&wrong, seed] {
      std::vector<weft::task<>> all;
      for (std::uint64_t i = 0; i != 64; ++i) {
        all.push_back(weft::spawn([&wrong, seed, i] {
          storm::dice roll(seed + i);
          for (std::uint64_t round = 0, n = storm::rounds(100, 20'000); round != n; ++round) {
            auto const mine = static_cast<int>(roll.below(1'000'000));
            auto const text = std::to_string(mine);
            number.set(mine);
            if (roll.below(2) != 0) name.set(text);
            std::string const named = name.get();
            switch (roll.below(4)) {
              case 0: this_task::yield(); break;
              case 1: this_task::sleep_for(std::chrono::nanoseconds(1)); break;
              case 2: {
                auto const child = weft::spawn([&wrong, mine, named] {
                  wrong += number.get() != mine || name.get() != named;
                  number.set(-1);
                  this_task::yield();
                  wrong += number.get() != -1 || name.get() != named;
                });
                if (roll.below(2) != 0) this_task::yield();
                child.get();
                break;
              }
              default: weft::spawn([] { name.set("inlined"); }).get();
            }
            wrong += number.get() != mine || name.get() != named;
          }
        }));
      }
      for (auto const& t : all) t.get();
    });
    CHECK(wrong == 0);
  });
}

TEST_CASE("CX03 done-callbacks see what was set where they were registered, and what they set does not leak") {
  everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    std::vector<std::string> seen;  // they run one after the other
    name.set("registered");
    (void)f.on_done([&](auto const&) {
      seen.push_back(name.get());
      name.set("from a callback");
      this_task::yield();
      seen.push_back(name.get());
    });
    (void)f.on_done([&](auto const&) { seen.push_back(name.get()); });
    name.set("second");
    (void)f.on_done([&](auto const&) { seen.push_back(name.get()); });
    name.set("completing");
    weft::spawn([&] {
      name.set("setter");
      p.set_value(1);
      CHECK(name.get() == "setter");
    }).get();
    weft::promise<> over;
    (void)f.on_done([&](auto const&) {
      seen.push_back(name.get());
      over.set_value();
    });
    over.get_future().get();
    CHECK(seen == std::vector<std::string>{"registered", "from a callback", "registered", "second", "completing"});
    CHECK(name.get() == "completing");
  });
}

TEST_CASE("CX03 a callback without a task: the registering thread's values, on the completing thread") {
  on_a_thread([] {
    std::string seen;
    weft::promise<int> p;
    {
      name.set("registered");
      (void)p.get_future().on_done([&](auto const&) {
        seen = name.get();
        name.set("leak");
      });
    }
    name.set("completing");
    p.set_value(1);
    CHECK(seen == "registered");
    CHECK(name.get() == "completing");
  });
}

TEST_CASE("CX03 a callback that was registered where nothing was set sees nothing of the task that completes") {
  everywhere([] {
    weft::promise<int> p;
    weft::promise<std::string> seen;
    (void)p.get_future().on_done([&](auto const&) { seen.set_value(name.get()); });
    name.set("completing");
    p.set_value(1);
    CHECK(seen.get_future().get() == "nobody");
  });
}

TEST_CASE("CX05 run_blocking and submit see the caller's values; what they set stays with them") {
  everywhere([] {
    weft::blocking_pool pool(1);
    name.set("caller");
    auto const body = [] {
      auto before = name.get();
      name.set("blocking");
      return before + " " + name.get();
    };
    auto const a = weft::run_blocking(body);
    auto const b = pool.submit(body);
    name.set("changed");
    CHECK(a.get() == "caller blocking");
    CHECK(b.get() == "caller blocking");
    CHECK(weft::run_blocking([] { return name.get(); }).get() == "changed");
    CHECK(name.get() == "changed");
  });
}

TEST_CASE("CX06 on_unhandled sees the values of the task that failed, whoever drops its last handle") {
  for_each_worker_count([](unsigned workers) {
    std::mutex lock;
    std::vector<std::string> seen;
    weft::runtime_options o;
    o.workers = workers;
    o.on_unhandled = [&](weft::unhandled_error const&) {
      std::lock_guard const guard{lock};
      seen.push_back(name.get());
      name.set("from the handler");
    };
    weft::run(std::move(o), [] {
      name.set("main");
      auto failing = weft::spawn([] {
        name.set("failed");
        throw 1;
      });
      failing.wait();
      failing = {};
      CHECK(name.get() == "main");
      weft::promise<> started;  // else main's end might cancel it before it runs
      weft::spawn([&started] {
        name.set("detached");
        started.set_value();
        throw 2;
      }).detach();
      started.get_future().get();
    });
    std::sort(seen.begin(), seen.end());
    CHECK(seen == std::vector<std::string>{"detached", "failed"});
  });
}

TEST_CASE("CX07 each run() begins with the values of the thread that calls it, not with those of the run before") {
  for_each_worker_count([](unsigned workers) {
    static weft::task_local<int> level{1};
    weft::runtime rt({.workers = workers});
    rt.run([] { level.set(2); });
    CHECK(rt.run([] { return level.get(); }) == 1);
    CHECK(level.get() == 1);
  });
}

TEST_CASE("values go with the last task that has them, not before") {
  static weft::task_local<std::shared_ptr<witness>> kept;
  int const before = witness::alive;
  for_each_worker_count([before](unsigned workers) {
    run_on(workers, [before] {
      kept.set(std::make_shared<witness>(1));
      weft::promise<> go;
      auto child = weft::spawn([f = go.get_future()] {
        f.get();
        return kept.get()->what;
      });
      kept.set(std::make_shared<witness>(2));
      CHECK(witness::alive == before + 2);
      auto const never_started = weft::spawn([] {});
      (void)never_started.cancel();
      go.set_value();
      CHECK(child.get() == 1);
      child = {};
      until([before] { return witness::alive == before + 1; });  // its runner may still be leaving
      kept.set(nullptr);
      never_started.wait();
    });
    CHECK(witness::alive == before);
  });
}

TEST_CASE("no value is left behind by tasks, callbacks, reports and threads") {
  static weft::task_local<witness> kept{witness(0)};
  int const before = witness::alive;
  for_each_worker_count([before](unsigned workers) {
    on_a_thread([workers] {
      kept.set(witness(1));
      reports seen;
      weft::run(seen.options(workers), [] {
        weft::promise<int> p;
        for (int i = 0; i != 200; ++i) {
          weft::spawn([i, f = p.get_future()] {
            if (i % 2 == 0) kept.set(witness(i));
            auto hook = f.on_done([](auto const&) { kept.set(witness(-1)); });
            if (i % 3 == 0) hook.reset();
            if (i % 5 == 0) weft::run_blocking([] { kept.set(witness(-2)); }).get();
            if (i % 7 == 0) throw i;
          }).detach();
        }
        this_task::yield();
        p.set_value(1);
      });
    });
    CHECK(witness::alive == before);
  });
}

TEST_CASE("a task_local may go before the tasks that have its value, and another one does not inherit it") {
  int const at_first = witness::alive;
  everywhere([] {
    auto first = std::make_unique<weft::task_local<witness>>(witness(1));
    int const before = witness::alive;
    first->set(witness(2));
    weft::promise<> go;
    auto const child = weft::spawn([f = go.get_future()] {
      f.get();
      CHECK(number.get() == 7);
    });
    first.reset();
    weft::task_local<int> second{9};
    CHECK(second.get() == 9);
    number.set(7);
    weft::spawn([&second] { CHECK(second.get() == 9); }).get();
    number.set(8);
    (void)child.cancel();
    child.wait();
    CHECK(witness::alive == before);  // the initial one has gone, the set one is still here
  });
  CHECK(witness::alive == at_first);
}

TEST_CASE("the destructor of a replaced value sees the new one, and may set again") {
  static weft::task_local<std::shared_ptr<void>> slot;
  everywhere([] {
    std::vector<std::string> seen;
    name.set("x");
    slot.set(std::shared_ptr<void>(nullptr, [&seen](void*) {
      seen.push_back(slot.get() != nullptr ? "new" : "none");
      slot.set(nullptr);
      this_task::yield();
      name.set("y");
    }));
    slot.set(std::make_shared<int>(1));
    CHECK(seen == std::vector<std::string>{"new"});
    CHECK(slot.get() == nullptr);
    CHECK(name.get() == "y");
  });
}
