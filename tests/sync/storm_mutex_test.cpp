// Storm: the lock is never lost and never doubled while waiters are cancelled and time out at random; tasks of two runtimes
// and plain threads together. Everyday: about a second. WEFT_LONG=1: a million.
#include <weft/mutex.hpp>
#include <weft/shared_mutex.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/shapes.hpp"
#include "tests/sync/crowd.hpp"

using std::chrono::microseconds;

namespace {

template <class M>
struct account {
  M m;
  std::uint64_t held = 0;  // times; only under the lock
  std::atomic<int> inside{0};
  std::atomic<std::uint64_t> doubled{0}, got{0}, missed{0};

  void hold(bool dawdle) {
    if (inside.fetch_add(1) != 0) ++doubled;
    ++held;
    ++got;
    if (dawdle) {
      weft::shield_scope const shield;
      weft::this_task::yield();
    }
    inside.fetch_sub(1);
    m.unlock();
  }
};

template <class M>
void one_try(account<M>& a, storm::dice& roll) {
  bool const dawdle = roll.below(4) == 0;
  bool locked = true;
  switch (roll.below(4)) {
    case 0: locked = a.m.try_lock(); break;
    case 1: locked = a.m.try_lock_for(microseconds(roll.below(50))); break;
    default: a.m.lock();
  }
  if (locked) {
    a.hold(dawdle);
  } else {
    ++a.missed;
  }
}

template <class M>
void check(account<M>& a) {
  CHECK(a.doubled == 0);
  CHECK(a.held == a.got);
  CHECK(a.m.try_lock());
  a.m.unlock();
}

}  // namespace

TEST_CASE_TEMPLATE("storm L03 locks are conserved: two runtimes, plain threads, cancels and time-outs", M,
                   weft::mutex, weft::fair_mutex) {
  auto const seed = storm::seed();
  auto const n = storm::rounds(10'000, 1'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    account<M> a;
    auto const act = [&a](storm::dice& roll, std::uint64_t = 0) { one_try(a, roll); };
    CHECK(crowd::drive_two_runtimes(seed, n, workers, {}, act, [&] { crowd::two_threads(seed, n / 2, act); }) > 0);
    check(a);
    CHECK(a.got > 0);
  });
}

TEST_CASE_TEMPLATE("storm L03 locks are conserved in the simulation, every seed another interleaving", M,
                   weft::mutex, weft::fair_mutex) {
  auto const seed = storm::seed();
  auto const n = storm::rounds(1'000, 50'000);
  for (std::uint64_t i = 0; i != n; ++i) {
    CAPTURE(seed + i);
    weft::simulation(seed + i).run([&] {
      account<M> a;
      (void)crowd::drive(seed + i, 20, {}, [&a](storm::dice& roll, std::uint64_t) { one_try(a, roll); });
      check(a);
    });
  }
}

TEST_CASE_TEMPLATE("storm L03 unlocked while the oldest gives up: the next one is not forgotten", M,
                   weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  auto const seed = storm::seed();
  auto const n = storm::rounds(3'000, 100'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    storm::dice roll(seed);
    for (std::uint64_t i = 0; i != n; ++i) {
      M m;
      m.lock();
      auto const waits = [&] {
        auto t = rt.spawn([&m] { std::lock_guard const guard{m}; });
        shapes::until([&t] { return t.state() == weft::task_state::suspended; });
        return t;
      };
      auto const first = waits();
      auto const second = waits();
      first.cancel();
      crowd::a_moment_later(roll);
      m.unlock();
      second.get();  // nobody else comes who could wake it
      first.wait();
    }
  });
}

TEST_CASE("storm L01 many lockers without a pause: each gets its share") {
  auto const n = storm::rounds(20'000, 1'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    shapes::run_on(workers, [&] {
      weft::mutex m;
      std::uint64_t counted = 0;
      std::vector<weft::task<>> all;
      for (int i = 0; i != 8; ++i) {
        all.push_back(weft::spawn([&] {
          for (std::uint64_t k = 0; k != n; ++k) {
            std::lock_guard const guard{m};
            ++counted;
          }
        }));
      }
      for (auto& t : all) t.get();
      CHECK(counted == 8 * n);
    });
  });
}

TEST_CASE_TEMPLATE("storm L03 whoever has locked it after an unlock may destroy it, though that call is still returning", M,
                   weft::mutex, weft::fair_mutex, weft::shared_mutex) {
  auto const rounds = storm::rounds(3'000, 1'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    shapes::run_on(workers, [&] {
      for (std::uint64_t i = 0; i != rounds; ++i) {
        auto* const m = new M;
        m->lock();
        auto const unlocks = weft::spawn([m] { m->unlock(); });
        if (i % 3 == 0) {
          shapes::until([m] { return m->try_lock(); });
        } else if (i % 3 == 1) {
          m->lock();
        } else {
          shapes::until([m] { return m->try_lock_for(microseconds(1)); });
        }
        delete m;  // locked: nobody else knows it
        unlocks.get();
      }
    });
  });
  std::atomic<M*> shared{nullptr};
  std::thread unlocker([&] {
    for (std::uint64_t i = 0; i != rounds; ++i) {
      M* m = nullptr;
      storm::wait_until([&] { return (m = shared.exchange(nullptr)) != nullptr; });
      m->unlock();
    }
  });
  for (std::uint64_t i = 0; i != rounds; ++i) {
    auto* const m = new M;
    m->lock();
    shared = m;
    m->lock();
    delete m;
  }
  unlocker.join();
}

TEST_CASE("storm L03 many waits that end late leave memory as it was") {
  auto const n = storm::rounds(20'000, 1'000'000);
  weft::run({.workers = 2}, [&] {
    weft::mutex m;
    m.lock();
    auto const late = [&](std::uint64_t times) {
      for (std::uint64_t i = 0; i != times; ++i) CHECK_FALSE(m.try_lock_for(std::chrono::nanoseconds(1)));
    };
    late(n / 10);
    auto const before = storm::resident();
    late(n);
    if (!storm::sanitized) CHECK(storm::resident() <= before + storm::mib);
    m.unlock();
    CHECK(m.try_lock());
    m.unlock();
  });
}
