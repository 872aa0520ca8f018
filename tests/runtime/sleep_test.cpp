// sleep, yield, checkpoint, and deadlines: the order of things in simulations, where time is virtual.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <vector>

#include "tests/support/shapes.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::clock;

TEST_CASE("S01 yield lets another that is ready run first") {
  run_on(1, [] {
    for (int i = 0; i != 200; ++i) {
      bool ran = false;
      auto const other = weft::spawn([&ran] { ran = true; });
      this_task::yield();
      CHECK(ran);
      other.wait();
    }
  });
}

TEST_CASE("S01 yield goes to the back: with many that yield everybody has his turn") {
  for_each_worker_count([](unsigned workers) {
    run_on(workers, [] {
      constexpr int tasks = 10, turns = 100;
      std::atomic<int> through{0};
      std::vector<weft::task<>> all;
      for (int i = 0; i != tasks; ++i) {
        all.push_back(weft::spawn([&through] {
          for (int n = 0; n != turns; ++n) this_task::yield();
          ++through;
          while (through != tasks) this_task::yield();  // nobody may starve behind those who are through
        }));
      }
      for (auto const& t : all) t.get();
      CHECK(through == tasks);
    });
  });
}

TEST_CASE("S01 more of them than a worker keeps for itself: all go round at the same speed") {
  run_on(1, [] {
#ifdef NDEBUG
    constexpr int least = 25;
#else
    constexpr int least = 1;  // a ring of 4, which has a period of 64 turns for itself
#endif
    constexpr int count = 1000, rounds = 100;
    std::vector<int> turns(count);
    weft::latch begun(count);
    bool over = false;
    std::vector<weft::task<>> all;
    for (int& mine : turns) {
      all.push_back(weft::spawn([&] {
        begun.arrive_and_wait();
        while (!over) {
          over = ++mine == rounds || over;
          this_task::yield();
        }
      }));
    }
    for (auto& t : all) t.get();
    CHECK(*std::ranges::min_element(turns) >= least);
  });
}

TEST_CASE("S01 whatever their number, what has not begun begins") {
  auto const with = [](int count) {
    run_on(1, [count] {
      weft::latch begun(count + 1);
      bool over = false;
      std::vector<weft::task<>> all;
      for (int i = 0; i != count; ++i) {
        all.push_back(weft::spawn([&] {
          begun.arrive_and_wait();
          while (!over) this_task::yield();
        }));
      }
      begun.arrive_and_wait();
      for (int i = 0; i != 30; ++i) this_task::yield();  // who overflows and who does not is settled by now
      auto last = weft::spawn([&over] { over = true; });
      while (!over) this_task::yield();
      for (auto& t : all) t.get();
      last.get();
    });
  };
  for (int count = 60; count != 75; ++count) with(count);    // around 64, and
  for (int count = 500; count != 520; ++count) with(count);  // around two rings
}

TEST_CASE("S01 sleep_for(0) and a deadline that has passed are a yield") {
  run_on(1, [] {
    for (auto const d : {0ns, -1ns, std::chrono::nanoseconds::min()}) {
      bool ran = false;
      auto const other = weft::spawn([&ran] { ran = true; });
      this_task::sleep_for(d);
      CHECK(ran);
      other.wait();
    }
    bool ran = false;
    auto const other = weft::spawn([&ran] { ran = true; });
    this_task::sleep_until(clock::now() - 1h);
    CHECK(ran);
    other.wait();
  });
}

TEST_CASE("S02 any duration will do; it saturates, what is not a number has passed") {
  in_simulations(3, [] {
    auto const before = clock::now();
    this_task::sleep_for(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()));
    CHECK(clock::now() == before);
    this_task::sleep_for(std::chrono::duration<double>(0.5));
    CHECK(clock::now() >= before + 500ms);
    CHECK(clock::now() < before + 501ms);
    CHECK(weft::deadline(std::chrono::hours::max()).is_never());
    CHECK(weft::deadline(std::chrono::duration<double>(std::numeric_limits<double>::infinity())).is_never());
    CHECK(weft::deadline(std::chrono::hours::min()).passed());
    CHECK(weft::deadline(std::chrono::duration<double, std::nano>(0.5)).time() > clock::now());  // never early
    CHECK(weft::deadline(weft::never).is_never());
    CHECK_FALSE(weft::deadline(weft::never).passed());
  });
}

TEST_CASE("S03 sleepers wake in the order of their deadlines, whatever the order of their calls") {
  in_simulations(30, [] {
    std::vector<int> woken;
    std::vector<weft::task<>> all;
    for (int const ms : {50, 10, 40, 20, 30, 1000, 900, 100000, 64, 65, 63, 4096, 4095}) {
      all.push_back(weft::spawn([ms, &woken] {
        this_task::sleep_for(std::chrono::milliseconds(ms));
        woken.push_back(ms);
      }));
    }
    for (auto const& t : all) t.get();
    CHECK(std::is_sorted(woken.begin(), woken.end()));
  });
}

TEST_CASE("S06 equal deadlines: all wake, at that time") {
  in_simulations(10, [] {
    auto const when = clock::now() + 10ms;
    std::vector<weft::task<clock::time_point>> all;
    for (int i = 0; i != 100; ++i) {
      all.push_back(weft::spawn([when] {
        this_task::sleep_until(when);
        return clock::now();
      }));
    }
    for (auto const& t : all) CHECK(t.get() == when);
  });
}

TEST_CASE("S02 S07 in a simulation time stands still but for sleeping, and then is exact") {
  in_simulations(10, [] {
    auto const begin = clock::now();
    for (int i = 0; i != 100; ++i) this_task::yield();
    CHECK(clock::now() == begin);
    clock::duration slept{};
    for (auto const d : std::initializer_list<clock::duration>{1ns, 1us, 1ms, 999us, 1s, 1h, 240h, 17ns}) {
      this_task::sleep_for(d);
      slept += d;
      CHECK(clock::now() == begin + slept);
    }
  });
}

TEST_CASE("S08 nobody wakes early") {
  for_each_worker_count([](unsigned workers) {
    run_on(workers, [] {
      std::vector<weft::task<bool>> all;
      for (int i = 0; i != 100; ++i) {
        all.push_back(weft::spawn([i] {
          auto const until = clock::now() + std::chrono::microseconds(i * 37);
          this_task::sleep_until(until);
          return clock::now() >= until;
        }));
      }
      for (auto const& t : all) CHECK(t.get());
    });
  });
}

TEST_CASE("C02 S04 cancelling a sleeper wakes it at once and takes its timer away") {
  in_simulations(20, [] {
    auto const begin = clock::now();
    std::vector<weft::task<>> all;
    for (int i = 0; i != 100; ++i) all.push_back(weft::spawn([] { this_task::sleep_for(1h); }));
    this_task::sleep_for(1ms);
    for (auto const& t : all) CHECK(t.cancel());
    for (auto const& t : all) t.wait();
    for (auto const& t : all) CHECK(t.cancelled());
    CHECK(clock::now() == begin + 1ms);
    this_task::sleep_for(1ms);
    CHECK(clock::now() == begin + 2ms);  // no jump to a dead timer
  });
}

TEST_CASE("C02 a sleeper is cancelled in real time, too, from anywhere") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    for (int i = 0; i != 50; ++i) {
      weft::promise<> inside;
      auto const there = inside.get_future();
      auto const t = rt.spawn([inside = std::move(inside)]() mutable {
        inside.set_value();
        this_task::sleep_for(weft::never);
      });
      there.wait();
      CHECK(t.cancel());
      t.wait();
      CHECK(t.cancelled());
    }
  });
}

TEST_CASE("S05 100,000 sleeps that were cut short leave nothing behind") {
  in_simulations(1, [] {
    auto const begin = clock::now();
    for (int i = 0; i != 100000; ++i) {
      auto const t = weft::spawn([] { this_task::sleep_for(1000h); });
      this_task::yield();
      (void)t.cancel();
      t.wait();
    }
    CHECK(clock::now() == begin);
  });
}

TEST_CASE("wait_for, wait_until: in time true, on time-out false, and nothing is cancelled") {
  in_simulations(20, [] {
    auto const begin = clock::now();
    weft::promise<int> p;
    auto const f = p.get_future();
    CHECK_FALSE(f.wait_for(10ms));
    CHECK(clock::now() == begin + 10ms);
    CHECK_FALSE(f.wait_until(begin + 30ms));
    CHECK(clock::now() == begin + 30ms);
    CHECK_FALSE(f.wait_for(0ms));
    CHECK_FALSE(f.wait_for(-1h));
    CHECK_FALSE(f.wait_until(begin));
    CHECK_FALSE(f.done());
    auto const setter = weft::spawn([&p] {
      this_task::sleep_for(5ms);
      p.set_value(1);
    });
    CHECK(f.wait_for(1h));
    CHECK(clock::now() == begin + 35ms);
    CHECK(f.wait_for(0ms));
    CHECK(f.wait_until(weft::never));
    setter.wait();
  });
}

TEST_CASE("wait_for of a task that has not begun leaves it where it is, and lets it begin") {
  everywhere([] {
    weft::promise<> p;
    auto const t = weft::spawn([f = p.get_future()] {
      f.wait();
      return 1;
    });
    CHECK_FALSE(t.wait_for(1us));
    p.set_value();
    CHECK(t.wait_for(weft::never));
    CHECK(t.get() == 1);
  });
}

TEST_CASE("checkpoint() yields to others when the task has run longer than its slice") {
  run_on(1, [] {
    bool ran = false;
    auto const other = weft::spawn([&ran] { ran = true; });
    while (!ran) this_task::checkpoint();  // ends, on the only worker there is
    other.wait();
    CHECK(ran);
  });
}

TEST_CASE("checkpoint() within the slice goes on") {
  run_on(1, [] {
    bool ran = false;
    auto const other = weft::spawn([&ran] { ran = true; });
    this_task::yield();
    CHECK(ran);
    auto const switches = weft::runtime::current()->metrics().switches;
    this_task::checkpoint();
    CHECK(weft::runtime::current()->metrics().switches == switches);
    other.wait();
  });
}

TEST_CASE("outside of a task yield and sleep are the thread's own, the rest is empty") {
  CHECK_NOTHROW(this_task::yield());
  CHECK_NOTHROW(this_task::checkpoint());
  auto const begin = std::chrono::steady_clock::now();
  this_task::sleep_for(2ms);
  this_task::sleep_until(std::chrono::steady_clock::now() + 1ms);
  CHECK(std::chrono::steady_clock::now() - begin >= 3ms);
  this_task::sleep_for(-1h);
  CHECK_FALSE(this_task::self().valid());
  CHECK(this_task::id() == 0);
  CHECK(this_task::name().empty());
  this_task::set_name("nobody");
  CHECK(this_task::name().empty());
  CHECK(this_task::cancelling() == 0);
  CHECK(this_task::uncancel() == 0);
  CHECK_FALSE(this_task::cancel_requested());
  CHECK_FALSE(this_task::deadline().has_value());
  CHECK(weft::all_tasks().empty());
  CHECK(weft::runtime::current() == nullptr);
}
