// latch: counted down to zero once.
#include <weft/latch.hpp>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

#include "tests/support/storm.hpp"
#include "tests/sync/waiting.hpp"

using namespace shapes;
using namespace waiting;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

static_assert(!std::is_copy_constructible_v<weft::latch> && !std::is_convertible_v<std::ptrdiff_t, weft::latch>);

TEST_CASE("EVT1 latch: all who wait go on when it has come to zero, and whoever comes later does not wait") {
  everywhere([] {
    weft::latch l(3);
    std::vector<weft::task<>> all;
    for (int i = 0; i != 4; ++i) all.push_back(spawn_waiting([&l] { l.wait(); }));
    l.count_down();
    CHECK_FALSE(l.try_wait());
    for (auto& t : all) CHECK_FALSE(t.done());
    l.count_down(2);
    for (auto& t : all) t.get();
    CHECK(l.try_wait());
    l.wait();
    CHECK(l.wait_for(0s));
    weft::latch open(0);
    CHECK(open.try_wait());
    open.wait();
  });
}

TEST_CASE("EVT1 latch: a negative number, or more than is left, is an error and changes nothing") {
  CHECK_THROWS_AS(weft::latch(-1), std::invalid_argument);
  weft::latch l(2);
  CHECK_THROWS_AS(l.count_down(-1), std::invalid_argument);
  CHECK_THROWS_AS(l.count_down(3), weft::invalid_state_error);
  CHECK_THROWS_AS(l.arrive_and_wait(3), weft::invalid_state_error);
  l.count_down(0);
  CHECK_FALSE(l.try_wait());
  l.count_down(2);
  CHECK(l.try_wait());
  CHECK_THROWS_AS(l.count_down(), weft::invalid_state_error);
  l.count_down(0);
  CHECK(l.try_wait());
}

TEST_CASE("EVT3 latch: a cancelled or late waiter leaves; what it counted down stays counted") {
  everywhere([] {
    weft::latch l(2);
    auto const arrives = spawn_waiting([&l] { l.arrive_and_wait(); });
    auto const waits = spawn_waiting([&l] { l.wait(); });
    CHECK(ends_cancelled(arrives));
    CHECK_FALSE(l.wait_for(100us));
    CHECK_FALSE(l.wait_until(weft::clock::now() - 1s));
    CHECK_FALSE(waits.done());
    l.arrive_and_wait();
    waits.get();
  });
}

TEST_CASE("EVT1 latch: tasks of two runtimes and plain threads; what was done before is seen after") {
  for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 20; ++round) {
      weft::latch l(9);
      int written[9] = {};
      std::atomic<int> sums{0};
      auto const arrive = [&](int i) {
        written[i] = 1;
        l.arrive_and_wait();
        for (int w : written) sums += w;
      };
      weft::runtime a({.workers = workers}), b({.workers = workers});
      std::vector<weft::task<>> all;
      std::vector<std::thread> threads;
      for (int i = 0; i != 3; ++i) {
        all.push_back(a.spawn([&arrive, i] { arrive(i); }));
        all.push_back(b.spawn([&arrive, i] { arrive(i + 3); }));
        threads.emplace_back([&arrive, i] { arrive(i + 6); });
      }
      for (auto& t : all) t.get();
      for (auto& t : threads) t.join();
      CHECK(sums == 81);
    }
  });
}

TEST_CASE("storm EVT1 latch: whoever has seen it at zero may destroy it, though count_down() is still returning") {
  auto const rounds = storm::rounds(3'000, 1'000'000);
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [&] {
      for (std::uint64_t i = 0; i != rounds; ++i) {
        auto* const l = new weft::latch(2);
        auto const one = weft::spawn([l] { l->count_down(); });
        auto const two = weft::spawn([l] { l->count_down(); });
        if (i % 3 == 0) {
          until([l] { return l->try_wait(); });
        } else if (i % 3 == 1) {
          l->wait();
        } else {
          until([l] { return l->wait_for(1us); });
        }
        delete l;
        one.get();
        two.get();
      }
    });
  });
}
