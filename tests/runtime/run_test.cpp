// run(): main as a task, its outcome, and the end of what it leaves.
#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

#include "tests/support/shapes.hpp"

using namespace shapes;
namespace this_task = weft::this_task;

namespace {

struct counts_copies {
  std::atomic<int>* copies;
  explicit counts_copies(std::atomic<int>& n) : copies(&n) {}
  counts_copies(counts_copies const& o) : copies(o.copies) { ++*copies; }
  counts_copies(counts_copies&&) = default;
};

}  // namespace

TEST_CASE("R01 run() returns main's value, or throws its error") {
  for_each_worker_count([](unsigned workers) {
    CHECK(run_on(workers, [] { return 42; }) == 42);
    CHECK(*run_on(workers, [] { return std::make_unique<int>(3); }) == 3);
    CHECK_NOTHROW(run_on(workers, [] {}));
    CHECK_THROWS_AS(run_on(workers, [] { throw std::domain_error("main's"); }), std::domain_error);
    CHECK_THROWS_AS(run_on(workers, [] { throw 17; }), int);
  });
  CHECK(weft::run([] { return 1; }) == 1);
  CHECK(weft::simulation(1).run([] { return 2; }) == 2);
  CHECK_THROWS_AS(weft::simulation(1).run([] { throw std::domain_error("main's"); }), std::domain_error);
}

TEST_CASE("R12 the result is moved, never copied") {
  for_each_worker_count([](unsigned workers) {
    std::atomic<int> copies{0};
    auto const kept = run_on(workers, [&copies] { return counts_copies(copies); });
    CHECK(kept.copies == &copies);
    CHECK(copies == 0);
  });
}

TEST_CASE("main is called 'main'; the running runtime is current") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.name = "mine", .workers = workers});
    CHECK(weft::runtime::current() == nullptr);
    CHECK(rt.run([] { return this_task::name(); }) == "main");
    CHECK(rt.run([] { return weft::runtime::current(); }) == &rt);
    CHECK(rt.metrics().workers.size() == workers);
  });
}

TEST_CASE("R02 what main leaves is cancelled and waited for") {
  for_each_worker_count([](unsigned workers) {
    std::atomic<int> begun{0}, unwound{0};
    auto const causes = std::make_shared<std::atomic<int>>(0);
    run_on(workers, [&] {
      for (int i = 0; i != 20; ++i) {
        weft::spawn([&, causes] {
          ++begun;
          struct end {
            std::atomic<int>& n;
            ~end() { ++n; }
          } const counted{unwound};
          try {
            never_done().wait();
          } catch (weft::cancelled const& e) {
            if (e.cause() == weft::cancel_cause::shutdown) ++*causes;
            throw;
          }
        }).detach();
      }
      until([&] { return begun == 20; });
    });
    CHECK(unwound == 20);
    CHECK(*causes == 20);
    CHECK(causes.use_count() == 1);
  });
}

TEST_CASE("R02 what main leaves and has not begun is destroyed unrun") {
  // Between main's end and the cancelling there is time to begin; not in a simulation.
  auto const kept = std::make_shared<int>(0);
  std::atomic<int> ran{0};
  auto const leaves = [&] {
    for (int i = 0; i != 20; ++i) weft::spawn([kept, &ran] { ++ran; }).detach();
  };
  on_all(leaves);
  CHECK(kept.use_count() == 1);
  ran = 0;
  in_simulations(20, leaves);
  CHECK(ran == 0);
  CHECK(kept.use_count() == 1);
}

TEST_CASE("R03 errors of what is left go to on_unhandled and do not replace main's outcome") {
  for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 50; ++round) {
      reports seen;
      std::atomic<bool> inside{false};
      int const v = weft::run(seen.options(workers), [&inside] {
        weft::spawn({.name = "left over"}, [&inside] {
          inside = true;
          try {
            never_done().wait();
          } catch (weft::cancelled const&) {
            throw std::runtime_error("while being cancelled");
          }
        }).detach();
        until([&] { return inside.load(); });
        return 5;
      });
      CHECK(v == 5);
      REQUIRE(seen.count() == 1);  // before run() has returned
      CHECK(seen.all()[0].task_name == "left over");
    }
  });
}

TEST_CASE("R03 main's own error comes out, whatever the others do") {
  reports seen;
  CHECK(message_of<std::domain_error>([&] {
          weft::run(seen.options(2), [] {
            std::atomic<bool> inside{false};
            weft::spawn([&inside] {
              inside = true;
              try {
                never_done().wait();
              } catch (weft::cancelled const&) {
                throw std::runtime_error("late");
              }
            }).detach();
            until([&] { return inside.load(); });
            throw std::domain_error("main's");
          });
        }) == "main's");
  CHECK(seen.count() == 1);
}

TEST_CASE("main ended cancelled: task_cancelled_error with its cause; main that returns a value: the value") {
  for_each_worker_count([](unsigned workers) {
    CHECK(message_of<weft::task_cancelled_error>([&] {
            run_on(workers, [] {
              (void)this_task::self().cancel("stopped");
              this_task::yield();
            });
          }) == "stopped");
    CHECK(run_on(workers, [] {
            (void)this_task::self().cancel();
            return 6;
          }) == 6);
  });
}

TEST_CASE("R09 R11 several runs on one runtime; an error does not poison the next") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    for (int i = 0; i != 20; ++i) {
      CHECK(rt.run([i] { return i; }) == i);
      CHECK_THROWS_AS(rt.run([] { throw std::runtime_error("once"); }), std::runtime_error);
      auto const t = rt.spawn([] { return 1; });
      CHECK(t.get() == 1);
    }
  });
}

TEST_CASE("R02 run() ends what was spawned from outside, too, and leaves the runtime open") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    auto const left = rt.spawn([] { never_done().wait(); });
    CHECK(rt.run([] { return 1; }) == 1);
    CHECK(left.done());
    CHECK(left.cancelled());
    CHECK(rt.metrics().live == 0);
    CHECK(rt.spawn([] { return 2; }).get() == 2);
  });
}

TEST_CASE("B25 run() inside a task of the same runtime: logic_error; of another: allowed") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    rt.run([&rt] {
      CHECK_THROWS_AS(rt.run([] {}), std::logic_error);
      CHECK_THROWS_AS(weft::runtime::current()->run([] {}), std::logic_error);
      CHECK(weft::run({.workers = 1}, [] { return 4; }) == 4);
      CHECK(weft::runtime::current() != nullptr);
    });
  });
}

TEST_CASE("a refused run() leaves nothing of its callable behind") {
  weft::runtime rt({.workers = 1});
  auto const kept = std::make_shared<int>(0);
  rt.run([&] { CHECK_THROWS_AS(rt.run([kept] {}), std::logic_error); });
  CHECK(kept.use_count() == 1);
}

TEST_CASE("two threads run() on one runtime at a time: each gets its own outcome or its cancellation") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::atomic<int> outcomes{0};
    auto const runs = [&] {
      for (int i = 0; i != 200; ++i) {
        try {
          if (rt.run([i] {
                this_task::yield();
                return i;
              }) == i) {
            ++outcomes;
          }
        } catch (weft::task_cancelled_error const&) {
          ++outcomes;  // the other one's end has swept it
        }
      }
    };
    std::thread other(runs);
    runs();
    other.join();
    CHECK(outcomes == 400);
  });
}

TEST_CASE("options that make no sense: invalid_argument") {
  CHECK_THROWS_AS(weft::runtime({.workers = 5000}), std::invalid_argument);
  CHECK_THROWS_AS(weft::runtime({.stack_size = 1}), std::invalid_argument);
  weft::runtime_options o;
  o.max_blocking_threads = 0;
  CHECK_THROWS_AS(weft::runtime(std::move(o)), std::invalid_argument);
}

TEST_CASE("B22 B23 from plain threads: spawn, get, wait_for; a time-out leaves the task running") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    weft::promise<int> p;
    auto const t = rt.spawn([f = p.get_future()] { return f.get(); });
    CHECK_FALSE(t.wait_for(std::chrono::microseconds(1)));
    CHECK_FALSE(t.done());
    CHECK(t.cancelling() == 0);
    p.set_value(3);
    CHECK(t.get() == 3);
    CHECK_THROWS_AS(rt.spawn([]() -> int { throw std::domain_error("crosses"); }).get(), std::domain_error);
  });
}

TEST_CASE("B24 a task that cancels itself: the plain thread sees the cancellation as an error") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    auto const t = rt.spawn([] {
      (void)this_task::self().cancel("by itself");
      this_task::yield();
    });
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "by itself");
  });
}

TEST_CASE("EH5 spawns from a plain thread wake a sleeping runtime, all of them") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    for (int i = 0; i != 500; ++i) CHECK(rt.spawn([i] { return i; }).get() == i);
  });
}
