// permit, and semaphores in use: by several runtimes and threads, destroyed by whoever came last.
#include <weft/event.hpp>
#include <weft/semaphore.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/support/storm.hpp"
#include "tests/sync/waiting.hpp"

using namespace shapes;
using namespace waiting;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

static_assert(std::is_nothrow_move_constructible_v<weft::permit> &&
              !std::is_copy_constructible_v<weft::permit>);

TEST_CASE(
    "L06 L07 permit: held by a scope, given back at its end, also by an exception; movable; earlier if "
    "asked") {
  everywhere([] {
    weft::semaphore s(4);
    {
      weft::permit const one{s};
      weft::permit three{s, 3};
      CHECK(s.available() == 0);
      weft::permit moved = std::move(three);
      CHECK(moved);
      CHECK_FALSE(three);
      three.release();
      CHECK(s.available() == 0);
      moved.release();
      CHECK_FALSE(moved);
      CHECK(s.available() == 3);
      moved = weft::permit{s, 2};
      CHECK(s.available() == 1);
      moved = weft::permit{};
      CHECK(s.available() == 3);
      CHECK(s.try_acquire(2));
      weft::permit const adopted{s, 2, std::adopt_lock};
    }
    CHECK(s.available() == 4);
    CHECK_THROWS_AS(([&] {
                      weft::permit const p{s};
                      throw std::domain_error("while holding it");
                    }()),
                    std::domain_error);
    CHECK(s.available() == 4);
    weft::bounded_semaphore b(1);
    auto const holder = spawn_waiting([&b] {
      weft::permit const p{b};
      weft::event never;
      never.wait();
    });
    CHECK(b.available() == 0);
    CHECK(ends_cancelled(holder));
    CHECK(b.available() == 1);
  });
}

TEST_CASE("L06 tasks of two runtimes and plain threads share the permits: never more inside than there are") {
  for_each_worker_count([](unsigned workers) {
    weft::semaphore s(3);
    std::atomic<int> inside{0}, most{0};
    auto const some = [&] {
      for (int i = 0; i != 100; ++i) {
        weft::permit const p{s};
        int const now = ++inside;
        for (int m = most; now > m && !most.compare_exchange_weak(m, now);) {
        }
        this_task::yield();
        --inside;
      }
    };
    weft::runtime a({.workers = workers}), b({.workers = workers});
    std::vector<weft::task<>> all;
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i) {
      all.push_back(a.spawn(some));
      all.push_back(b.spawn(some));
      if (i % 2 == 0) threads.emplace_back(some);
    }
    for (auto& t : all) t.get();
    for (auto& t : threads) t.join();
    CHECK(most <= 3);
    CHECK(s.available() == 3);
  });
}

TEST_CASE(
    "whoever has got what release() gave may destroy the semaphore, though that call is still returning") {
  auto const rounds = storm::rounds(2'000, 1'000'000);
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [&] {
      for (std::uint64_t i = 0; i != rounds; ++i) {
        auto* const s = new weft::semaphore(0);
        auto const releases = weft::spawn([s] { s->release(2); });
        if (i % 3 == 0) {
          until([s] { return s->try_acquire(2); });
        } else if (i % 3 == 1) {
          s->acquire(2);
        } else {
          until([s] { return s->try_acquire_for(1us, 2); });
        }
        delete s;
        releases.get();
      }
    });
  });
  std::atomic<weft::semaphore*> shared{nullptr};
  std::thread releaser([&] {
    for (std::uint64_t i = 0; i != rounds;) {
      weft::semaphore* const s = shared.exchange(nullptr);
      if (s == nullptr) continue;
      s->release();
      ++i;
    }
  });
  for (std::uint64_t i = 0; i != rounds; ++i) {
    auto* const s = new weft::semaphore(0);
    shared = s;
    s->acquire();
    delete s;
  }
  releaser.join();
}
