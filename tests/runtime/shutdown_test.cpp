// shutdown(): rounds, the deadline's report, what is refused afterwards, and those who come in between.
#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <thread>

#include "tests/support/shapes.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

namespace {

// Waits until it is cancelled, by however many; gives the cause.
weft::cancel_cause wait_for_the_end() {
  try {
    never_done().wait();
  } catch (weft::cancelled const& e) {
    return e.cause();
  }
  return {};
}

}  // namespace

TEST_CASE("R02 R09 shutdown cancels all and waits; it is idempotent; afterwards spawn and run are refused") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.name = "closing", .workers = workers});
    std::vector<weft::task<weft::cancel_cause>> all;
    std::atomic<int> begun{0};
    for (int i = 0; i != 10; ++i) {
      all.push_back(rt.spawn([&begun] {
        ++begun;
        return wait_for_the_end();
      }));
    }
    until([&] { return begun == 10; });
    for (int i = 0; i != 3; ++i) {
      auto const report = rt.shutdown();
      CHECK(report.clean);
      CHECK(report.still_running.empty());
    }
    for (auto const& t : all) CHECK(t.get() == weft::cancel_cause::shutdown);
    auto const kept = std::make_shared<int>(0);
    CHECK_THROWS_AS((void)rt.spawn([kept] {}), weft::no_runtime_error);
    CHECK_THROWS_AS(rt.run([kept] {}), weft::no_runtime_error);
    CHECK(kept.use_count() == 1);
    CHECK(rt.metrics().live == 0);
    CHECK(message_of<weft::no_runtime_error>([&] { (void)rt.spawn([] {}); }).find("closing") != std::string::npos);
  });
}

TEST_CASE("an idle runtime ends at once, and so does one that was never used") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime idle({.workers = workers});
    CHECK(idle.shutdown(0ms).clean);
    weft::runtime unused({.workers = workers});
    weft::runtime used({.workers = workers});
    used.run([] {});
  });
}

TEST_CASE("shutdown in a task of its own: logic_error, and nothing ends") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    CHECK(rt.run([&rt] {
      CHECK_THROWS_AS((void)rt.shutdown(), std::logic_error);
      CHECK(weft::spawn([&rt] {
              CHECK_THROWS_AS((void)rt.shutdown(0ms), std::logic_error);
              return 1;
            }).get() == 1);
      this_task::yield();
      return 2;
    }) == 2);
  });
}

TEST_CASE("OF03 shutdown(deadline) names what did not stop in time") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    weft::promise<> go_on;
    weft::promise<> deaf;
    auto const is_deaf = deaf.get_future();
    std::latch call_inside(1), call_go(1);
    auto const stubborn = rt.spawn({.name = "stubborn"}, [f = go_on.get_future(), deaf = std::move(deaf)]() mutable {
      weft::shield_scope const shield;
      deaf.set_value();
      f.wait();
      return 7;
    });
    auto const caller = rt.spawn({.name = "caller"}, [&] {
      auto const call = weft::run_blocking([&] {
        this_task::set_name("the call");
        call_inside.count_down();
        call_go.wait();
      });
      call.get();
    });
    is_deaf.wait();
    call_inside.wait();
    auto const report = rt.shutdown(1ms);
    CHECK_FALSE(report.clean);
    std::vector<std::string> names;
    for (auto const& t : report.still_running) names.push_back(t.name);
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{"caller", "stubborn", "the call"});
    CHECK_THROWS_AS((void)rt.spawn([] {}), weft::no_runtime_error);
    go_on.set_value();
    call_go.count_down();
    CHECK(stubborn.get() == 7);
    auto const second = rt.shutdown();
    CHECK(second.clean);
    CHECK(caller.cancelled());
  });
}

TEST_CASE("shutdown after one that was cut short still ends what came up in between") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    weft::promise<> go_on, deaf, late_inside;
    auto const is_deaf = deaf.get_future();
    auto const is_late = late_inside.get_future();
    auto const stubborn = rt.spawn([&, f = go_on.get_future()] {
      weft::shield_scope const shield;
      deaf.set_value();
      f.wait();
      return weft::spawn([&] {
        late_inside.set_value();
        return wait_for_the_end();
      });
    });
    is_deaf.wait();
    CHECK_FALSE(rt.shutdown(0ms).clean);
    go_on.set_value();
    auto const late = stubborn.get();
    is_late.wait();
    CHECK(rt.shutdown().clean);
    CHECK(late.get() == weft::cancel_cause::shutdown);
  });
}

TEST_CASE("R02 what a clean-up spawns and waits for still runs") {
  for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 20; ++round) {
      std::atomic<bool> saved{false}, inside{false};
      run_on(workers, [&] {
        weft::spawn([&] {
          inside = true;
          try {
            never_done().wait();
          } catch (weft::cancelled const&) {
            auto const bytes = weft::spawn([] {
              for (int i = 0; i != 10; ++i) this_task::yield();
              this_task::sleep_for(10us);
              return weft::run_blocking([] { return 5; }).get();
            });
            saved = bytes.get() == 5;
            throw;
          }
        }).detach();
        until([&] { return inside.load(); });
      });
      CHECK(saved);
    }
  });
}

TEST_CASE("R02 R04 a clean-up may rely on done-callbacks and on threads while its runtime is shut down") {
  for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 20; ++round) {
      std::atomic<bool> inside{false}, saved{false};
      {
        weft::runtime rt({.workers = workers});
        rt.spawn([&] {
          inside = true;
          try {
            never_done().wait();
          } catch (weft::cancelled const&) {
            weft::promise<int> from_callback;
            auto const by_task = weft::spawn([] { return 1; });
            auto const by_thread = weft::run_blocking([] { return 2; });
            weft::promise<int> second;
            auto const a = by_task.on_done([&](auto const& t) { from_callback.set_value(t.result()); });
            auto const b = by_thread.on_done([&](auto const& t) { second.set_value(t.result()); });
            saved = from_callback.get_future().get() + second.get_future().get() == 3;
            throw;
          }
        }).detach();
        until([&] { return inside.load(); });
      }
      CHECK(saved);
    }
  });
}

TEST_CASE("R02 rounds: what a clean-up leaves behind is cancelled in the next, and so on") {
  auto const body = [] {
    struct chain {
      static void link(int left, std::atomic<int>* ended) {
        try {
          never_done().wait();
        } catch (weft::cancelled const&) {
          ++*ended;
          if (left > 0) {
            weft::spawn([=] { link(left - 1, ended); }).detach();
            weft::spawn([=] { link(0, ended); }).detach();
          }
          throw;
        }
      }
    };
    return [](std::atomic<int>& ended) {
      std::atomic<bool> inside{false};
      weft::spawn([&] {
        inside = true;
        chain::link(5, &ended);
      }).detach();
      until([&] { return inside.load(); });
      return 1;
    };
  }();
  for_each_worker_count([&](unsigned workers) {
    for (int round = 0; round != 20; ++round) {
      std::atomic<int> ended{0};
      run_on(workers, [&] { return body(ended); });
      CHECK(ended >= 1);   // one that had not begun when its round came never began
      CHECK(ended <= 11);
    }
  });
  for (std::uint64_t seed = 0; seed != 20; ++seed) {
    std::atomic<int> ended{0};
    CHECK(weft::simulation(seed).run([&] { return body(ended); }) == 1);
    CHECK(ended >= 1);
    CHECK(ended <= 11);
  }
}

TEST_CASE("tasks that end by themselves while the runtime ends are counted once, and nobody is missed") {
  for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 100; ++round) {
      std::atomic<int> alive{0};
      auto const tree = [&](auto const& self, int depth) -> void {
        ++alive;
        struct end {
          std::atomic<int>& n;
          ~end() { --n; }
        } const counted{alive};
        if (depth == 0) return;
        weft::spawn([&self, depth] { self(self, depth - 1); }).detach();
        weft::spawn([&self, depth] { self(self, depth - 1); }).detach();
        this_task::yield();
      };
      {
        weft::runtime rt({.workers = workers});
        rt.spawn([&] { tree(tree, 8); }).detach();
        if (round % 2 == 0) this_task::yield();
      }
      CHECK(alive == 0);
    }
  });
}

TEST_CASE("plain threads that spawn while the runtime shuts down: spawned and ended, or refused") {
  for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 30; ++round) {
      weft::runtime rt({.workers = workers});
      std::atomic<int> ran{0}, accepted{0};
      std::latch started(3);
      std::vector<std::thread> spawners;
      for (int i = 0; i != 2; ++i) {
        spawners.emplace_back([&] {
          started.arrive_and_wait();
          for (;;) {
            try {
              auto const t = rt.spawn([&ran] { ++ran; });
              ++accepted;
              t.wait();
              CHECK(t.done());
            } catch (weft::no_runtime_error const&) {
              return;
            }
          }
        });
      }
      started.arrive_and_wait();
      until([&] { return accepted > 10; });
      CHECK(rt.shutdown().clean);
      for (auto& t : spawners) t.join();
      CHECK(ran <= accepted);
      CHECK(rt.metrics().live == 0);
    }
  });
}

TEST_CASE("a plain thread sets a promise while its runtime ends") {
  for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 200; ++round) {
      std::thread setter;
      {
        weft::runtime rt({.workers = workers});
        weft::promise<int> p;
        auto const f = p.get_future();
        auto const waits = rt.spawn([f] { return f.get(); });
        rt.spawn([f] { f.wait(); }).detach();
        auto const heard = rt.spawn([f] { return f.on_done([](auto const&) {}); });
        setter = std::thread([p = std::move(p)]() mutable { (void)p.try_set_value(1); });
      }
      setter.join();
    }
  });
}

TEST_CASE("a plain thread waits for a task while its runtime is shut down: it hears the end") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::atomic<bool> inside{false};
    auto const t = rt.spawn([&inside] {
      inside = true;
      never_done().wait();
    });
    std::thread waiter([t] {
      try {
        t.get();
        FAIL_CHECK("no error");
      } catch (weft::task_cancelled_error const& e) {
        CHECK(e.cause() == weft::cancel_cause::shutdown);
      }
    });
    until([&] { return inside.load(); });
    CHECK(rt.shutdown().clean);
    waiter.join();
  });
}

TEST_CASE("two threads shut one runtime down together") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    for (int i = 0; i != 10; ++i) rt.spawn([] { never_done().wait(); }).detach();
    std::thread other([&rt] { CHECK(rt.shutdown().clean); });
    CHECK(rt.shutdown().clean);
    other.join();
  });
}

TEST_CASE("handles outlive their runtime, with the result") {
  for_each_worker_count([](unsigned workers) {
    weft::task<std::string> good, stopped;
    weft::future<int> promised;
    {
      weft::runtime rt({.workers = workers});
      good = rt.spawn([] { return std::string("kept"); });
      good.wait();
      std::atomic<bool> inside{false};
      stopped = rt.spawn([&inside] {
        inside = true;
        never_done().wait();
        return std::string();
      });
      until([&] { return inside.load(); });
      promised = rt.run([] {
        weft::promise<int> p;
        return p.get_future();
      });
    }
    CHECK(good.get() == "kept");
    CHECK(good.state() == weft::task_state::finished);
    CHECK_THROWS_AS((void)stopped.get(), weft::task_cancelled_error);
    CHECK_THROWS_AS((void)promised.get(), weft::broken_promise_error);
    CHECK_FALSE(good.cancel());
    CHECK(good.name() == "task-" + std::to_string(good.id()));
  });
}
