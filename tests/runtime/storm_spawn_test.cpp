// Storms of spawns: from plain threads, in pairs without end, from one another; nobody starves and nothing piles up.
// Everyday: about a second. WEFT_LONG=1: long version.
#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <numeric>
#include <vector>

#include <weft/weft.hpp>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

TEST_CASE("storm: spawns from many plain threads, joined there, detached, or handed to others") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(4'000, 400'000);
  constexpr unsigned threads = 4;
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::atomic<std::uint64_t> ran{0}, wrong{0}, detached{0};
    storm::stampede(threads, [&](unsigned who) {
      storm::dice roll(seed + who);
      std::vector<weft::task<std::uint64_t>> kept;
      for (std::uint64_t i = 0; i != n; ++i) {
        auto t = rt.spawn([&ran, i] {
          ++ran;
          if (i % 8 == 0) weft::this_task::yield();
          return i;
        });
        switch (roll.below(4)) {
          case 0: wrong += std::move(t).get() == i ? 0 : 1; break;
          case 1: std::move(t).detach(); ++detached; break;
          case 2:
            rt.spawn([&wrong, t = std::move(t), i]() mutable { wrong += std::move(t).get() == i ? 0 : 1; }).detach();
            ++ran;  // not counted by the task itself
            break;
          default: kept.push_back(std::move(t)); break;
        }
        if (kept.size() == 50) {
          for (auto& k : kept) k.wait();
          kept.clear();
        }
      }
      for (auto& k : kept) k.wait();
    });
    // What is detached is still on its way: wait for it, then all is counted.
    shapes::until([&] { return rt.metrics().live == 0; });
    auto const m = rt.metrics();
    CHECK(wrong == 0);
    CHECK(m.spawned == ran);
    CHECK(m.finished == m.spawned);
    CHECK(m.failed + m.cancelled == 0);
  });
}

TEST_CASE("storm B08 a task that does not wait is never seen suspended, from its beginning to its end, though who had its block before was") {
  auto const n = storm::rounds(5'000, 500'000);
  constexpr int batch = 50;
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < n; i += batch) {
      {
        weft::promise<> gate;
        std::vector<weft::task<>> parked;
        for (int k = 0; k != batch; ++k) parked.push_back(rt.spawn([f = gate.get_future()] { f.wait(); }));
        shapes::until([&] { return parked.back().state() == weft::task_state::suspended; });
        gate.set_value();
        for (auto& t : parked) t.get();
      }
      for (int k = 0; k != batch; ++k) {
        std::atomic<bool> seen{false};
        auto const t = rt.spawn([&seen] { storm::wait_until([&seen] { return seen.load(); }); });
        for (auto s = t.state(); s != weft::task_state::finished; s = t.state()) {
          wrong += s == weft::task_state::suspended ? 1 : 0;
          if (s == weft::task_state::running) seen = true;
        }
      }
    }
    CHECK(wrong == 0);
  });
}

TEST_CASE("storm: plain threads and workers wake each other's waiters over promises") {
  auto const n = storm::rounds(3'000, 300'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::atomic<std::uint64_t> sum{0};
    storm::stampede(3, [&](unsigned) {
      for (std::uint64_t i = 0; i != n; ++i) {
        weft::promise<std::uint64_t> there, back;
        auto answered = back.get_future();
        auto t = rt.spawn([asked = there.get_future(), back = std::move(back)]() mutable {
          back.set_value(asked.get() + 1);
        });
        there.set_value(i);
        sum += answered.get() - i;
        t.wait();
      }
    });
    CHECK(sum == 3 * n);
  });
}

TEST_CASE("pairs of spawn and get, in order, without end: in constant memory") {
  auto const n = storm::rounds(2'000'000, 100'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    auto const wrong = rt.run([&] {
      std::uint64_t bad = 0;
      auto const pairs = [&](std::uint64_t k) {
        for (std::uint64_t i = 0; i != k; ++i) {
          auto t = weft::spawn([i] { return i; });
          bad += std::move(t).get() == i ? 0 : 1;
        }
      };
      pairs(n / 20);
      auto const before = storm::resident();
      pairs(n / (workers == 1 ? 1 : 10));
      auto const after = storm::resident();
      if (!storm::sanitized) CHECK(after < before + 2 * storm::mib);
      return bad;
    });
    CHECK(wrong == 0);
  });
}

TEST_CASE("pairs of fork and join, and of promise set and get: in constant memory") {
  auto const n = storm::rounds(500'000, 20'000'000);
  shapes::on_all([&] {
    std::uint64_t sum = 0;
    auto const pairs = [&](std::uint64_t k) {
      for (std::uint64_t i = 0; i != k; ++i) {
        auto t = weft::fork([&] { ++sum; });
        t.get();
        weft::promise<int> p;
        p.set_value(1);
        sum += static_cast<std::uint64_t>(p.get_future().get());
      }
    };
    pairs(n / 20);
    auto const before = storm::resident();
    pairs(n);
    auto const after = storm::resident();
    if (!storm::sanitized) CHECK(after < before + 2 * storm::mib);
    CHECK(sum == 2 * (n + n / 20));
  });
}

namespace {

// Spawns its successor until told to stop.
void respawn(std::shared_ptr<std::atomic<bool>> stop, std::shared_ptr<std::atomic<std::uint64_t>> links) {
  ++*links;
  if (!*stop) weft::spawn([stop, links] { respawn(stop, links); }).detach();
}

}  // namespace

TEST_CASE("a chain of respawning tasks and fibers that wake each other share one worker: both get on") {
  for (int const chains : {1, 3}) {
    CAPTURE(chains);
    shapes::run_on(1, [&] {
      auto stop = std::make_shared<std::atomic<bool>>(false);
      auto links = std::make_shared<std::atomic<std::uint64_t>>(0);
      auto turns = std::make_shared<std::uint64_t>(0);
      auto const enough = storm::rounds(20'000, 1'000'000);
      for (int i = 0; i != chains; ++i) weft::spawn([stop, links] { respawn(stop, links); }).detach();
      // Two fibers that hand a turn to and fro.
      auto relay = [turns, enough](std::shared_ptr<std::vector<weft::promise<>>> mine, std::vector<weft::future<>> theirs) {
        for (std::size_t i = 0; i != enough / 10; ++i) {
          (*mine)[i].set_value();
          theirs[i].wait();
          ++*turns;
        }
      };
      auto a = std::make_shared<std::vector<weft::promise<>>>(enough / 10);
      auto b = std::make_shared<std::vector<weft::promise<>>>(enough / 10);
      std::vector<weft::future<>> fa, fb;
      for (auto& p : *a) fa.push_back(p.get_future());
      for (auto& p : *b) fb.push_back(p.get_future());
      auto left = weft::spawn([relay, a, fb] { relay(a, fb); });
      auto right = weft::spawn([relay, b, fa] { relay(b, fa); });
      left.wait();
      right.wait();
      // The fibers have come to their end beside the chains; and the chains have not stood still.
      auto const at_end = links->load();
      CHECK(*turns == 2 * (enough / 10));
      CHECK(at_end > enough / 100);
      // And the other way round: the chains go on while a fiber yields.
      while (links->load() < at_end + enough) weft::this_task::yield();
      *stop = true;
    });
  }
}

TEST_CASE("fib by spawn and get: a tree of small tasks, stolen and inlined, adds up; no stacks pile up") {
  struct fib {
    static std::uint64_t of(int n) {  // NOLINT(misc-no-recursion)
      if (n < 2) return static_cast<std::uint64_t>(n);
      auto a = weft::spawn([n] { return of(n - 1); });
      auto const b = of(n - 2);
      return std::move(a).get() + b;
    }
  };
  int const n = storm::long_version() ? 32 : storm::sanitized ? 16 : 22;
  std::vector<std::uint64_t> serial{0, 1};
  for (int i = 2; i <= n; ++i) serial.push_back(serial[serial.size() - 1] + serial[serial.size() - 2]);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    for (int i = 0; i != 5; ++i) CHECK(rt.run([&] { return fib::of(n); }) == serial.back());
    CHECK(rt.metrics().stacks < 2000);
  });
}

TEST_CASE("what waits unstarted is started first come, first served, as long as nobody joins it") {
  shapes::run_on(1, [] {
    std::vector<int> order;
    std::vector<weft::task<>> all;
    for (int i = 0; i != 1000; ++i) all.push_back(weft::spawn([&order, i] { order.push_back(i); }));
    all.back().wait();
    std::vector<int> expected(1000);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(order == expected);
  });
}

TEST_CASE("tasks that yield without end starve nobody: neither what comes from outside, nor timers, nor a spawn, nor a wake") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::atomic<bool> stop{false};
    std::vector<weft::task<>> hogs;
    for (unsigned i = 0; i != 3 * workers; ++i) {
      hogs.push_back(rt.spawn([&stop] {
        while (!stop) weft::this_task::yield();
      }));
    }
    for (int i = 0; i != 50; ++i) {
      weft::promise<> p;
      auto outside = rt.spawn([f = p.get_future()] {
        weft::this_task::sleep_for(std::chrono::microseconds(100));
        auto child = weft::spawn([] { return 1; });
        child.wait();
        f.wait();
        return child.get();
      });
      p.set_value();
      CHECK(outside.get() == 1);
    }
    stop = true;
    for (auto& h : hogs) h.wait();
  });
}
