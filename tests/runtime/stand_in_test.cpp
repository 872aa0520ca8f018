// Tasks that keep their workers to themselves: others stand in, and everything those workers have goes on.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

#include <sys/resource.h>

#include "tests/support/hogs.hpp"
#include "tests/support/shapes.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

namespace {

// Main is stuck, and so are all the other workers, until `f` lets them go. f runs in a task.
template <class F>
void with_all_stuck(unsigned workers, F&& f) {
  with_each_hog([&](hog& h) {
    run_on(workers, [&] {
      std::vector<weft::task<>> hogs;
      for (unsigned i = 1; i != workers; ++i) hogs.push_back(weft::spawn([&h] { h.hold(); }));
      auto other = weft::spawn([&] { f(h); });
      h.hold();
      other.get();
      for (auto& t : hogs) t.get();
    });
  });
}

}  // namespace

TEST_CASE("all workers are stuck: what has not begun runs") {
  for (unsigned const workers : {2u, 4u}) with_all_stuck(workers, [](hog& h) { h.let_go(); });
}

TEST_CASE("all workers are stuck: what sleeps wakes") {
  for (unsigned const workers : {2u, 4u}) {
    with_all_stuck(workers, [](hog& h) {
      for (int i = 0; i != 5; ++i) this_task::sleep_for(1ms);
      h.let_go();
    });
  }
}

TEST_CASE("all workers are stuck: a task that a stuck one has just woken goes on") {
  for (unsigned const workers : {2u, 4u}) {
    with_each_hog([&](hog& h) {
      run_on(workers, [&] {
        weft::promise<void> p;
        std::atomic<unsigned> waiting{0};
        std::vector<weft::task<>> woken, hogs;
        woken.push_back(weft::spawn([&, f = p.get_future()] {
          ++waiting;
          f.get();
          h.let_go();
        }));
        until([&] { return waiting == 1 && woken[0].state() == weft::task_state::suspended; });
        for (unsigned i = 1; i != workers; ++i) hogs.push_back(weft::spawn([&h] { h.hold(); }));
        p.set_value();
        h.hold();
        for (auto* v : {&woken, &hogs}) {
          for (auto& t : *v) t.get();
        }
      });
    });
  }
}

TEST_CASE("all workers are blocked, and the process has no descriptor left to see that by") {
  struct no_descriptors {
    rlimit before{};
    no_descriptors() {
      REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
      rlimit const none{0, before.rlim_max};
      REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before); }
  };
  for (unsigned const workers : {2u, 4u}) {
    blocks h;
    run_on(workers, [&] {
      no_descriptors const none;
      std::vector<weft::task<>> hogs;
      for (unsigned i = 1; i != workers; ++i) hogs.push_back(weft::spawn([&h] { h.hold(); }));
      auto other = weft::spawn([&h] { h.let_go(); });
      h.hold();
      other.get();
      for (auto& t : hogs) t.get();
    });
  }
}

TEST_CASE("spawns from a plain thread while all are stuck") {
  for (unsigned const workers : {2u, 4u}) {
    computes h;
    weft::runtime rt({.workers = workers});
    std::vector<weft::task<>> hogs;
    for (unsigned i = 0; i != workers; ++i) hogs.push_back(rt.spawn([&h] { h.hold(); }));
    for (int i = 0; i != 10; ++i) rt.spawn([] { this_task::yield(); }).get();
    h.let_go();
    for (auto& t : hogs) t.get();
  }
}

TEST_CASE("nobody is idle: what a stuck worker has is taken over all the same, ready, not begun, and asleep") {
  for (unsigned const workers : {2u, 4u}) {
    computes h;
    std::atomic<int> left{3 + 20 + 1};
    std::atomic<bool> over{false};
    auto const one = [&] {
      if (--left == 0) {
        over = true;
        h.let_go();
      }
    };
    run_on(workers, [&] {
      weft::with_group([&](weft::task_group& g) {
        weft::promise<void> p;
        auto const f = p.get_future();
        std::atomic<int> waiting{0};
        std::vector<weft::task<>> woken;
        for (int i = 0; i != 3; ++i) {
          woken.push_back(weft::spawn([&, f] {
            ++waiting;
            f.get();
            one();
          }));
        }
        until([&] { return waiting == 3 && std::ranges::all_of(woken, [](auto& t) { return t.state() == weft::task_state::suspended; }); });
        for (unsigned i = 0; i != 4 * workers; ++i) {
          g.spawn([&over] {
            while (!over) this_task::yield();
          });
        }
        g.spawn([&] {
          p.set_value();
          for (int i = 0; i != 20; ++i) g.spawn(one);
          h.hold();
        });
        g.spawn([&] {
          this_task::sleep_for(2ms);
          one();
        });
        for (auto& t : woken) t.get();
      });
    });
  }
}

TEST_CASE("without stand-ins and reports a task that a stuck one has just woken goes on, too, elsewhere") {
  for (unsigned const workers : {2u, 4u}) {
    weft::runtime rt({.workers = workers, .stall_threshold = 0ms, .max_stand_ins = 0});
    rt.run([] {
      computes h;
      weft::promise<void> p;
      auto other = weft::spawn([&h, f = p.get_future()] {
        f.get();
        h.let_go();
      });
      until([&] { return other.state() == weft::task_state::suspended; });
      p.set_value();
      h.hold();
      other.get();
    });
  }
}

TEST_CASE("after a while in which nobody had anything to do; and with another runtime after the first one's end") {
  for (int i = 0; i != 3; ++i) {
    weft::runtime rt({.workers = 2});
    rt.spawn([] { this_task::sleep_for(80ms); }).get();  // the monitor sleeps after 50; sooner, this shows less, but nothing wrong
    computes h;
    std::vector<weft::task<>> hogs;
    for (int n = 0; n != 2; ++n) hogs.push_back(rt.spawn([&h] { h.hold(); }));
    rt.spawn([&h] { h.let_go(); }).get();
    for (auto& t : hogs) t.get();
  }
}

TEST_CASE("they leave when nobody is stuck any more, and come back") {
  weft::runtime rt({.workers = 2});
  for (int i = 0; i != 3; ++i) {
    blocks h;
    std::vector<weft::task<>> hogs;
    for (int n = 0; n != 2; ++n) hogs.push_back(rt.spawn([&h] { h.hold(); }));
    until([&] { return rt.metrics().stand_ins >= 1; });
    h.let_go();
    for (auto& t : hogs) t.get();
    auto busy = rt.spawn([&rt] { until([&rt] { return rt.metrics().stand_ins == 0; }); });
    busy.get();
    CHECK(rt.metrics().workers.size() <= 4);
  }
}

TEST_CASE("no more than max_stand_ins; with one worker none: no two tasks run at the same time") {
  {
    weft::runtime rt({.workers = 2, .max_stand_ins = 1});
    computes h;
    std::vector<weft::task<>> hogs;
    for (int n = 0; n != 3; ++n) hogs.push_back(rt.spawn([&h] { h.hold(); }));
    auto last = rt.spawn([] {});
    until([&] { return rt.metrics().stand_ins == 1; });
    CHECK_FALSE(last.wait_for(20ms));
    h.let_go();
    last.get();
    for (auto& t : hogs) t.get();
    CHECK(rt.metrics().workers.size() == 3);
  }
  run_on(1, [] {
    bool ran = false;  // not atomic: that is the point
    auto other = weft::spawn([&ran] { ran = true; });
    auto const begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < 10ms) {
    }
    CHECK_FALSE(ran);
    other.get();
  });
  CHECK_THROWS_AS(weft::runtime({.max_stand_ins = 4097}), std::invalid_argument);
}

TEST_CASE("storm: hogs of both kinds among tasks that yield, sleep and spawn; all are done, once") {
  for (unsigned const workers : {2u, 4u}) {
    std::atomic<int> done{0};
    run_on(workers, [&done] {
      weft::with_group([&](weft::task_group& g) {
        for (int i = 0; i != 400; ++i) {
          g.spawn([&done, i] {
            auto const end = std::chrono::steady_clock::now() + 3ms;
            switch (i % 8) {
              case 0:
                while (std::chrono::steady_clock::now() < end) {
                }
                break;
              case 1: std::this_thread::sleep_until(end); break;
              case 2: this_task::sleep_for(1ms); break;
              default:
                for (int n = 0; n != i % 8; ++n) this_task::yield();
                weft::spawn([&done] { ++done; }).get();
            }
            ++done;
          });
        }
      });
    });
    CHECK(done == 400 + 250);
  }
}
