// Several runtimes side by side, and a runtime that is destroyed where it should not be.
#include <atomic>
#include <memory>
#include <thread>

#include "tests/support/shapes.hpp"
#include "tests/support/stderr.hpp"

using namespace shapes;
namespace this_task = weft::this_task;

TEST_CASE("F27 a task joins a task of another runtime; each runs at home") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime a({.name = "a", .workers = workers}), b({.name = "b", .workers = workers});
    int const sum = a.run([&a, &b] {
      int s = 0;
      for (int i = 0; i != 200; ++i) {
        auto const there = b.spawn([i, &b] {
          CHECK(weft::runtime::current() == &b);
          auto const child = weft::spawn([i] { return i; });
          return child.get();
        });
        s += there.get();
        CHECK(weft::runtime::current() == &a);
      }
      return s;
    });
    CHECK(sum == 199 * 100);
  });
}

TEST_CASE("F27 errors, cancellation and requests cross between runtimes") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime b({.workers = workers});
    run_on(workers, [&b] {
      CHECK(message_of<std::domain_error>([&] { b.spawn([] { throw std::domain_error("over there"); }).get(); }) ==
            "over there");
      weft::promise<> inside;
      auto const parent = weft::spawn([&] {
        auto const child = b.spawn([&inside] {
          inside.set_value();
          try {
            never_done().wait();
          } catch (weft::cancelled const& e) {
            CHECK(e.cause() == weft::cancel_cause::awaiter);
            CHECK(weft::spawn([] { return 1; }).get() == 1);
            throw;
          }
        });
        child.get();
      });
      inside.get_future().wait();
      CHECK(parent.cancel("from here"));
      CHECK(message_of<weft::task_cancelled_error>([&] { parent.get(); }) == "from here");
    });
    CHECK(b.metrics().live == 0);
  });
}

TEST_CASE("F27 a promise set in one runtime wakes waiters in others and on plain threads") {
  for (int round = 0; round != 50; ++round) {
    weft::runtime a({.workers = 1}), b({.workers = 2});
    weft::promise<int> p;
    auto const f = p.get_future();
    auto const in_a = a.spawn([f] { return f.get(); });
    auto const in_b = b.spawn([f] { return f.get(); });
    std::atomic<int> plain{0};
    std::thread t([f, &plain] { plain = f.get(); });
    b.run([&p] { p.set_value(7); });
    t.join();
    CHECK(plain == 7);
    CHECK(in_a.get() == 7);
    CHECK((in_b.cancelled() || in_b.get() == 7));  // b.run() ends what it finds there
  }
}

TEST_CASE("two runtimes join across each other, deeply, and both ways") {
  weft::runtime a({.workers = 2}), b({.workers = 2});
  struct ping {
    static int pong(weft::runtime& here, weft::runtime& there, int left) {
      if (left == 0) return 0;
      return 1 + here.spawn([&here, &there, left] { return pong(there, here, left - 1); }).get();
    }
  };
  CHECK(ping::pong(a, b, 100) == 100);
}

TEST_CASE("B25 R09 a task runs a runtime of its own; its cancellation reaches that one's main") {
  for_each_worker_count([](unsigned workers) {
    run_on(workers, [workers] {
      CHECK(run_on(workers, [] { return weft::spawn([] { return 3; }).get(); }) == 3);
      weft::promise<> inside;
      auto const outer = weft::spawn([&inside, workers] {
        run_on(workers, [&inside] {
          inside.set_value();
          never_done().wait();
        });
      });
      inside.get_future().wait();
      CHECK(outer.cancel("all the way"));
      CHECK(message_of<weft::task_cancelled_error>([&] { outer.get(); }) == "all the way");
    });
  });
}

TEST_CASE("ending one runtime leaves the other alone") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime a({.workers = workers});
    weft::promise<> p;
    weft::task<int> here;
    {
      weft::runtime b({.workers = workers});
      here = a.spawn([f = p.get_future()] {
        f.wait();
        return 1;
      });
      b.spawn([f = p.get_future()] { f.wait(); }).detach();
    }
    CHECK_FALSE(here.done());
    p.set_value();
    CHECK(here.get() == 1);
  });
}

TEST_CASE("a runtime is shut down from a task of another") {
  for_each_worker_count([](unsigned workers) {
    run_on(workers, [workers] {
      auto other = std::make_unique<weft::runtime>(weft::runtime_options{.workers = workers});
      auto const left = other->spawn([] { never_done().wait(); });
      CHECK(other->shutdown().clean);
      CHECK(left.cancelled());
      other.reset();
      CHECK(left.cancelled());
    });
  });
}

TEST_CASE("a task of the ending runtime waits for one of another: passed on, waited for") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime b({.workers = workers});
    std::atomic<bool> inside{false};
    weft::task<> there;
    {
      weft::runtime a({.workers = workers});
      there = b.spawn([&inside] {
        inside = true;
        never_done().wait();
      });
      auto const waits = a.spawn([there] { there.get(); });
      until([&] { return inside && waits.state() == weft::task_state::suspended; });
    }
    there.wait();
    CHECK(there.cancelled());
  });
}

TEST_CASE("many runtimes come and go, some at the same time") {
  for_each_worker_count([](unsigned workers) {
    std::vector<std::thread> threads;
    for (int t = 0; t != 3; ++t) {
      threads.emplace_back([workers] {
        for (int i = 0; i != 30; ++i) CHECK(run_on(workers, [i] { return weft::spawn([i] { return i; }).get(); }) == i);
      });
    }
    for (auto& t : threads) t.join();
  });
}

TEST_CASE("all_tasks and metrics are each runtime's own") {
  weft::runtime a({.workers = 1}), b({.workers = 1});
  weft::promise<> p;
  auto const in_a = a.spawn({.name = "of a"}, [f = p.get_future()] { f.wait(); });
  auto const in_b = b.spawn({.name = "of b"}, [f = p.get_future()] { f.wait(); });
  REQUIRE(a.all_tasks().size() == 1);
  REQUIRE(b.all_tasks().size() == 1);
  CHECK(a.all_tasks()[0].name == "of a");
  CHECK(b.all_tasks()[0].name == "of b");
  CHECK(a.metrics().live == 1);
  p.set_value();
  in_a.wait();
  in_b.wait();
}

TEST_CASE("a runtime destroyed inside its own task: reported, leaked, and still working") {
  captured_stderr const err;
  auto* const rt = new weft::runtime({.name = "suicidal", .workers = 2});
  auto const t = rt->spawn({.name = "the culprit"}, [rt] {
    delete rt;
    this_task::yield();
    return weft::spawn([] { return 11; }).get();
  });
  CHECK(t.get() == 11);
  CHECK(err.text().find("suicidal") != std::string::npos);
  CHECK(err.text().find("the culprit") != std::string::npos);
}
