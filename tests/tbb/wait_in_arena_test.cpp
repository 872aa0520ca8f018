// wait_in_arena: a oneTBB task that waits for a future gives its thread to others.
#include <weft/tbb.hpp>

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_group.h>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

using namespace shapes;

namespace {

int threads_of_this_process() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Threads:")) return std::stoi(line.substr(8));
  }
  return 0;
}

}  // namespace

TEST_CASE("as many oneTBB tasks as one likes wait on one thread; each goes on when its future is done") {
  on_all([] {
    constexpr int n = 200;
    tbb::task_arena arena(1, 0);
    std::vector<weft::promise<int>> promises(n);
    std::vector<weft::future<int>> futures;
    for (auto& p : promises) futures.push_back(p.get_future());
    std::atomic<int> waiting{0}, sum{0};
    auto all = weft::run_in_arena(arena, [&] {
      tbb::task_group g;
      for (auto const& f : futures) {
        g.run([&waiting, &sum, f] {
          ++waiting;
          weft::wait_in_arena(f);
          sum += f.get();
        });
      }
      g.wait();
    });
    until([&] { return waiting == n; });  // all of them, so none holds the thread
    auto const threads = threads_of_this_process();
    CHECK(sum == 0);
    for (int i = n; i-- != 0;) promises[static_cast<std::size_t>(i)].set_value(i);
    all.get();
    CHECK(sum == n * (n - 1) / 2);
    CHECK(threads < 40);
  });
}

TEST_CASE("a callable of run_in_arena waits for tasks that need this runtime's only worker") {
  on_all([] {
    auto& rt = *weft::runtime::current();
    auto const sum = weft::run_in_arena([&rt] {
                       auto t = rt.spawn([] {
                         weft::this_task::yield();
                         return 20;
                       });
                       weft::wait_in_arena(t);
                       return t.get() + 1;
                     }).get();
    CHECK(sum == 21);
  });
}

TEST_CASE("done already, failed, cancelled: it returns, and get() says what has become of it") {
  on_all([] {
    auto& rt = *weft::runtime::current();
    weft::run_in_arena([&rt] {
      auto failing = rt.spawn([]() -> int { throw std::runtime_error("in weft"); });
      weft::wait_in_arena(failing);
      weft::wait_in_arena(failing);
      CHECK(message_of<std::runtime_error>([&] { (void)failing.get(); }) == "in weft");
      weft::promise<> p;
      auto const f = p.get_future();
      auto canceller = rt.spawn([f] { (void)f.cancel("gone"); });
      weft::wait_in_arena(f);
      CHECK(f.cancelled());
      weft::wait_in_arena(canceller);
      weft::any_task const any = canceller;
      weft::wait_in_arena(any);
      CHECK_THROWS_AS(weft::wait_in_arena(weft::future<>()), weft::invalid_state_error);
    }).get();
  });
}

TEST_CASE("elsewhere it is wait(): in a task, on a plain thread, in the simulation") {
  everywhere([] {
    auto t = weft::spawn([] { return 3; });
    weft::wait_in_arena(t);
    CHECK(t.done());
    auto const cancelled = weft::spawn([&] {
      weft::promise<> p;
      weft::wait_in_arena(p.get_future());
    });
    weft::this_task::yield();
    (void)cancelled.cancel();
    cancelled.wait();
    CHECK(cancelled.cancelled());
  });
  weft::runtime rt({.workers = 2});
  auto const t = rt.spawn([] { return 4; });
  weft::wait_in_arena(t);
  CHECK(t.result() == 4);
}

TEST_CASE("an exception in flight is the waiting task's own") {
  on_all([] {
    tbb::task_arena arena(1, 0);
    weft::promise<> p;
    auto const f = p.get_future();
    std::atomic<int> right{0};
    auto all = weft::run_in_arena(arena, [&] {
      tbb::task_group g;
      for (int i = 0; i != 2; ++i) {
        g.run([&right, f, i] {
          try {
            throw i;
          } catch (int) {
            weft::wait_in_arena(f);
            try {
              throw;
            } catch (int mine) {
              right += mine == i ? 1 : 0;
            }
          }
        });
      }
      g.run([&p] { p.set_value(); });
      g.wait();
    });
    all.get();
    CHECK(right == 2);
  });
}

TEST_CASE("storm futures that end while oneTBB tasks come to wait for them: all go on, once") {
  auto const rounds = storm::rounds(30, 3'000);
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [&] {
      auto& rt = *weft::runtime::current();
      for (std::uint64_t r = 0; r != rounds; ++r) {
        constexpr int n = 60;
        std::atomic<int> went_on{0};
        std::vector<weft::task<int>> all;
        for (int i = 0; i != 4; ++i) {
          all.push_back(weft::run_in_arena([&] {
            std::atomic<int> sum{0};
            tbb::parallel_for(0, n, [&](int k) {
              auto t = rt.spawn([k] {
                if (k % 3 == 0) weft::this_task::yield();
                return k;
              });
              weft::wait_in_arena(t);
              sum += t.get();
              ++went_on;
            });
            return sum.load();
          }));
        }
        for (auto& t : all) REQUIRE(t.get() == n * (n - 1) / 2);
        REQUIRE(went_on == 4 * n);
      }
    });
  });
}
