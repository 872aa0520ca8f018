// mutex, fair_mutex, and shared_mutex as far as its writers are like them: order, hand-over, cancellation, errors.
// Storms: storm_mutex_test.cpp.
#include <weft/mutex.hpp>
#include <weft/shared_mutex.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

#include "tests/sync/waiting.hpp"

using namespace shapes;
using namespace waiting;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

static_assert(!std::is_copy_constructible_v<weft::mutex> && !std::is_move_constructible_v<weft::mutex>);
static_assert(!std::is_convertible_v<weft::fair_mutex*, weft::mutex*>);
static_assert(std::is_trivially_destructible_v<weft::mutex>);
constinit weft::mutex at_start_up;

TEST_CASE_TEMPLATE("L01 those who wait are served in the order in which they came", M,
                   weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  everywhere([] {
    M m;
    std::vector<int> order;
    m.lock();
    std::vector<weft::task<>> all;
    for (int i = 0; i != 6; ++i) {
      all.push_back(spawn_waiting([&m, &order, i] {
        std::lock_guard const guard{m};
        order.push_back(i);
      }));
    }
    m.unlock();
    for (auto& t : all) t.get();
    CHECK(order == std::vector{0, 1, 2, 3, 4, 5});
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE("L01 a fair mutex is handed over: who unlocks it does not get it back before those who wait") {
  everywhere([] {
    weft::fair_mutex m;
    m.lock();
    auto const first = spawn_waiting([&m] { m.lock(); });
    auto const second = spawn_waiting([&m] { m.lock(); });
    m.unlock();
    CHECK_FALSE(m.try_lock());
    first.get();
    CHECK_FALSE(m.try_lock());
    m.unlock();
    CHECK_FALSE(m.try_lock());
    second.get();
    m.unlock();
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE("L01 a mutex may be locked ahead of those who wait, until the first has waited 1 ms") {
  in_simulations(20, [] {  // its time passes only when all wait
    weft::mutex m;
    m.lock();
    auto const waits = spawn_waiting([&m] { m.lock(); });
    this_task::sleep_for(500us);
    m.unlock();
    CHECK(m.try_lock());
    this_task::sleep_for(400us);
    m.unlock();
    CHECK(m.try_lock());
    CHECK_FALSE(waits.done());
    this_task::sleep_for(100us);
    m.unlock();
    CHECK_FALSE(m.try_lock());
    waits.get();
    m.unlock();
  });
}

TEST_CASE("L01 after 1 ms it is handed over, though whoever unlocks it would lock it again at once") {
  on_all([] {
    weft::mutex m;
    m.lock();
    auto const waits = spawn_waiting([&m] { m.lock(); });
    this_task::sleep_for(1100us);
    m.unlock();
    CHECK_FALSE(m.try_lock());
    waits.get();
    m.unlock();
  });
}

TEST_CASE("L01 nobody starves: tasks that lock and unlock without a pause") {
  for_each_worker_count([](unsigned workers) {
    run_on(workers, [] {
      weft::mutex m;
      std::atomic<int> ended{0};
      bool stop = false;
      m.lock();
      std::vector<weft::task<>> all;
      for (int i = 0; i != 4; ++i) {
        all.push_back(weft::spawn([&, i] {
          for (int own = 0;; ++own) {
            std::lock_guard const guard{m};
            if (i == 0 && own > 100 && ended == 3) stop = true;
            if (i == 0 ? stop : own == 20) break;
          }
          ++ended;
        }));
      }
      // All of them: one that has not begun is not in the line, and with one worker the first need never let it begin.
      for (auto& t : all) until([&] { return t.state() == weft::task_state::suspended; });
      m.unlock();
      for (auto& t : all) t.get();
      CHECK(stop);
    });
  });
}

TEST_CASE_TEMPLATE("L02 a cancelled waiter leaves the line; the lock is as it was, the others keep their order", M,
                   weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  everywhere([] {
    M m;
    std::vector<int> order;
    m.lock();
    std::vector<weft::task<>> all;
    for (int i = 0; i != 5; ++i) {
      all.push_back(spawn_waiting([&m, &order, i] {
        std::lock_guard const guard{m};
        order.push_back(i);
      }));
    }
    for (std::size_t i : {0u, 4u, 2u}) CHECK(ends_cancelled(all[i]));
    CHECK_FALSE(m.try_lock());
    m.unlock();
    for (std::size_t i : {1u, 3u}) all[i].get();
    CHECK(order == std::vector{1, 3});
    CHECK(m.try_lock());
    auto const only = spawn_waiting([&m] { m.lock(); });
    CHECK(ends_cancelled(only));
    m.unlock();
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE_TEMPLATE("L03 a waiter cancelled at the moment of unlock: it has it, or the next one gets it", M,
                   weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  for (int const who_cancels : {0, 1}) {
    everywhere([who_cancels] {
      for (int round = 0; round != 30; ++round) {
        M m;
        m.lock();
        bool got = false;
        auto const first = spawn_waiting([&] {
          std::lock_guard const guard{m};
          got = true;
        });
        auto const second = spawn_waiting([&] { std::lock_guard const guard{m}; });
        if (who_cancels == 0) {
          m.unlock();
          (void)first.cancel();
        } else {
          auto const cancels = weft::spawn([&first] { first.cancel(); });
          m.unlock();
          cancels.get();
        }
        second.get();
        first.wait();
        CHECK(got != first.cancelled());
        CHECK(m.try_lock());
        m.unlock();
      }
    });
  }
}

TEST_CASE_TEMPLATE("L03 handed over is handed over: the request that came with it stays pending", Guard,
                   std::lock_guard<weft::fair_mutex>, std::lock_guard<weft::shared_mutex>,
                   std::shared_lock<weft::shared_mutex>) {
  everywhere([] {
    typename Guard::mutex_type m;
    m.lock();
    bool got = false;
    auto const t = spawn_waiting([&] {
      Guard const guard{m};
      got = true;
      weft::event().wait();  // the request may come later than we do
    });
    m.unlock();
    (void)t.cancel();
    t.wait();
    CHECK(got);
    CHECK(t.cancelled());
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE_TEMPLATE("L03 a late waiter leaves, and the one behind it goes on", M,
                   weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  everywhere([] {
    M m;
    m.lock();
    auto const late = spawn_waiting([&] { return m.try_lock_for(2ms); });
    auto const next = spawn_waiting([&] { m.lock(); });
    CHECK_FALSE(late.get());
    CHECK_FALSE(next.done());
    m.unlock();
    next.get();
    CHECK_FALSE(m.try_lock());
    m.unlock();
  });
}

TEST_CASE_TEMPLATE("L04 unlock when it is not locked is an error and changes nothing", M,
                   weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  everywhere([] {
    M m;
    CHECK_THROWS_AS(m.unlock(), weft::invalid_state_error);
    m.lock();
    m.unlock();
    CHECK_THROWS_AS(m.unlock(), weft::invalid_state_error);
    CHECK(m.try_lock());
    auto const t = spawn_waiting([&] { std::lock_guard const guard{m}; });
    m.unlock();
    t.get();
    CHECK_THROWS_AS(m.unlock(), weft::invalid_state_error);
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE_TEMPLATE("L05 not reentrant, not bound to who locked it; holder() says who did", M, weft::mutex, weft::fair_mutex) {
  everywhere([] {
    M m;
    CHECK(m.holder() == 0);
    m.lock();
    CHECK(m.holder() == this_task::id());
    CHECK_FALSE(m.try_lock());
    CHECK_FALSE(m.try_lock_for(100us));
    auto const waits = spawn_waiting([&m] {
      m.lock();
      CHECK(m.holder() == this_task::id());
    });
    weft::spawn([&m] { m.unlock(); }).get();
    waits.get();
    m.unlock();
    CHECK(m.holder() == 0);
    std::thread([&m] { m.lock(); }).join();
    CHECK(m.holder() == 0);
    CHECK_FALSE(m.try_lock());
    m.unlock();
  });
}

TEST_CASE("L06 tasks of two runtimes and plain threads exclude each other") {
  for_each_worker_count([](unsigned workers) {
    auto const exclude = [workers](auto&& m) {
      int counted = 0;
      auto const counts = [&] {
        for (int i = 0; i != 500; ++i) {
          std::lock_guard const guard{m};
          ++counted;
        }
      };
      weft::runtime a({.workers = workers}), b({.workers = workers});
      std::vector<weft::task<>> all;
      std::vector<std::thread> threads;
      for (int i = 0; i != 3; ++i) {
        all.push_back(a.spawn(counts));
        all.push_back(b.spawn(counts));
        threads.emplace_back(counts);
      }
      for (auto& t : all) t.get();
      for (auto& t : threads) t.join();
      CHECK(counted == 4500);
    };
    exclude(weft::mutex());
    exclude(weft::fair_mutex());
    exclude(weft::shared_mutex());
    exclude(at_start_up);
  });
}

TEST_CASE_TEMPLATE("L07 scoped use unlocks on an error; std::unique_lock", M, weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  everywhere([] {
    M m;
    CHECK_THROWS_AS(
        [&] {
          std::lock_guard const guard{m};
          throw std::runtime_error("x");
        }(),
        std::runtime_error);
    std::unique_lock u(m, 1s);
    CHECK(u.owns_lock());
    u.unlock();
    CHECK(u.try_lock_until(weft::clock::now() + 1s));
    CHECK_FALSE(std::unique_lock(m, std::try_to_lock).owns_lock());
    CHECK_FALSE(std::unique_lock(m, 10us).owns_lock());
  });
}

TEST_CASE("L07 several at once: std::lock and std::scoped_lock, in any order") {
  everywhere([] {
    weft::mutex m, n;
    int counted = 0;
    std::vector<weft::task<>> all;
    for (int i = 0; i != 6; ++i) {
      all.push_back(weft::spawn([&, i] {
        for (int j = 0; j != 20; ++j) {
          i % 2 == 0 ? std::lock(m, n) : std::lock(n, m);
          std::scoped_lock const both{std::adopt_lock, m, n};
          ++counted;
          if (j % 4 == 0) this_task::yield();
        }
      }));
    }
    for (auto& t : all) t.get();
    CHECK(counted == 120);
  });
}

TEST_CASE_TEMPLATE("L01 C05 lock is a checkpoint, before it takes anything; try_lock and unlock are none", M,
                   weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  everywhere([] {
    M m;
    auto const t = weft::spawn([&m] {
      (void)this_task::self().cancel("one");
      CHECK(m.try_lock());
      m.unlock();
      CHECK(message_of<weft::cancelled>([&] { m.lock(); }) == "one");
      (void)this_task::self().cancel("two");
      CHECK(message_of<weft::cancelled>([&] { (void)m.try_lock_for(1s); }) == "two");
      CHECK(m.try_lock());
      weft::shield_scope const shield;
      (void)this_task::self().cancel();
      CHECK_FALSE(m.try_lock_for(10us));
      m.unlock();
      CHECK_NOTHROW(m.lock());
      m.unlock();
    });
    t.get();
  });
}

TEST_CASE_TEMPLATE("L03 a shielded wait is not interrupted", M, weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  everywhere([] {
    M m;
    m.lock();
    auto const t = spawn_waiting([&m] {
      weft::shield_scope const shield;
      m.lock();
      return 1;
    });
    (void)t.cancel();
    this_task::yield();
    CHECK_FALSE(t.done());
    m.unlock();
    CHECK(t.get() == 1);
    m.unlock();
  });
}

TEST_CASE_TEMPLATE("L01 try_lock_for and try_lock_until: in time or late, never early", M,
                   weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  everywhere([] {
    M m;
    CHECK(m.try_lock_for(0s));
    CHECK_FALSE(m.try_lock_for(0s));
    CHECK_FALSE(m.try_lock_for(-1h));
    CHECK_FALSE(m.try_lock_until(weft::clock::time_point::min()));
    auto const limit = weft::clock::now() + 300us;
    CHECK_FALSE(m.try_lock_until(limit));
    CHECK(weft::clock::now() >= limit);
    auto const in_time = spawn_waiting([&] { return m.try_lock_for(std::chrono::hours::max()); });
    m.unlock();
    CHECK(in_time.get());
    auto const for_ever = spawn_waiting([&] { return m.try_lock_until(weft::never); });
    m.unlock();
    CHECK(for_ever.get());
    m.unlock();
  });
}
