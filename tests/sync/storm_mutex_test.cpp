// Storm: the lock is never lost and never doubled while waiters are cancelled and time out at random; tasks of two runtimes
// and plain threads together. Everyday: about a second. WEFT_LONG=1: a million.
#include <weft/mutex.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/storm.hpp"
#include "tests/sync/locks.hpp"

using std::chrono::microseconds;

namespace {

template <class M>
struct account {
  M m;
  std::uint64_t held = 0;  // times; only under the lock
  std::atomic<int> inside{0};
  std::atomic<std::uint64_t> doubled{0}, got{0}, missed{0}, cancelled{0};

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

// Batches of ten tasks, about half of them cancelled at some moment.
template <class M>
void drive(account<M>& a, std::uint64_t seed, std::uint64_t rounds) {
  for (std::uint64_t i = 0; i < rounds; i += 10) {
    storm::dice roll(seed + i);
    std::vector<weft::task<>> all;
    for (std::uint64_t k = 0; k != 10; ++k) {
      all.push_back(weft::spawn([&a, s = seed + 31 * (i + k)] {
        storm::dice mine(s);
        for (int j = 0; j != 3; ++j) one_try(a, mine);
      }));
    }
    for (auto& t : all) {
      if (roll.below(3) == 0) weft::this_task::yield();
      if (roll.below(2) == 0) t.cancel();
    }
    for (auto& t : all) {
      t.wait();
      if (t.cancelled()) ++a.cancelled;
    }
  }
}

template <class M>
void check(account<M>& a) {
  CHECK(a.doubled == 0);
  CHECK(a.held == a.got);
  CHECK(a.m.try_lock());
  a.m.unlock();
}

template <class M>
void two_runtimes_and_threads(locks::kind<M>, std::uint64_t seed, std::uint64_t n, unsigned workers) {
  account<M> a;
  {
    weft::runtime one({.workers = workers}), two({.workers = workers});
    auto const first = one.spawn([&] { drive(a, seed, n); });
    auto const second = two.spawn([&] { drive(a, seed + 1'000'003, n); });
    storm::stampede(2, [&](unsigned i) {
      storm::dice roll(seed + 77 * (i + 1));
      for (std::uint64_t k = 0; k != n / 2; ++k) one_try(a, roll);
    });
    first.get();
    second.get();
  }
  check(a);
  CHECK(a.got > 0);
  CHECK(a.cancelled > 0);
}

}  // namespace

TEST_CASE("storm L03 locks are conserved: two runtimes, plain threads, cancels and time-outs") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(10'000, 1'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    two_runtimes_and_threads(locks::kind<weft::mutex>(), seed, n, workers);
    two_runtimes_and_threads(locks::kind<weft::fair_mutex>(), seed, n, workers);
  });
}

TEST_CASE("storm L03 locks are conserved in the simulation, every seed another interleaving") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(1'000, 50'000);
  for (std::uint64_t i = 0; i != n; ++i) {
    CAPTURE(seed + i);
    weft::simulation(seed + i).run([&] {
      account<weft::mutex> a;
      drive(a, seed + i, 20);
      check(a);
      account<weft::fair_mutex> b;
      drive(b, seed + i, 20);
      check(b);
    });
  }
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

TEST_CASE("storm L03 whoever has locked it after an unlock may destroy it, though that call is still returning") {
  auto const rounds = storm::rounds(3'000, 1'000'000);
  auto const destroy = [&](auto k) {
    using M = typename decltype(k)::type;
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
  };
  destroy(locks::kind<weft::mutex>());
  destroy(locks::kind<weft::fair_mutex>());
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
