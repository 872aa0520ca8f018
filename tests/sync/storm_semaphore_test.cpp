// Storm: permits are conserved while waiters are cancelled and time out at random; tasks of two runtimes and plain threads
// together. Everyday: about a second. WEFT_LONG=1: a million.
#include <weft/event.hpp>
#include <weft/semaphore.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "tests/support/shapes.hpp"
#include "tests/sync/crowd.hpp"

using std::chrono::microseconds;

namespace {

constexpr std::ptrdiff_t permits = 5;

// What is held at this moment, counted from outside.
struct account {
  weft::bounded_semaphore s{permits};
  std::atomic<std::ptrdiff_t> held{0};
  std::atomic<std::uint64_t> too_many{0}, got{0}, late{0}, refused{0};

  void hold(std::ptrdiff_t n, bool dawdle) {
    if (held.fetch_add(n) + n > permits) ++too_many;
    ++got;
    if (dawdle) {
      weft::shield_scope const shield;
      weft::this_task::yield();
    }
    held -= n;
    s.release(n);
  }
};

void one_try(account& a, storm::dice& roll) {
  auto const n = static_cast<std::ptrdiff_t>(roll.below(3)) + 1;
  bool const dawdle = roll.below(4) == 0;
  switch (roll.below(4)) {
    case 0:
      if (!a.s.try_acquire(n)) {
        ++a.refused;
        return;
      }
      break;
    case 1:
      if (!a.s.try_acquire_for(microseconds(roll.below(50)), n)) {
        ++a.late;
        return;
      }
      break;
    default:
      a.s.acquire(n);
  }
  a.hold(n, dawdle);
}

}  // namespace

TEST_CASE("storm SE03 permits are conserved: two runtimes, plain threads, cancels and time-outs") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(30'000, 1'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    account a;
    auto const act = [&a](storm::dice& roll, std::uint64_t = 0) { one_try(a, roll); };
    CHECK(crowd::drive_two_runtimes(seed, n, workers, {}, act, [&] { crowd::two_threads(seed, n / 2, act); }) > 0);
    CHECK(a.too_many == 0);
    CHECK(a.held == 0);
    CHECK(a.s.available() == permits);
    CHECK(a.s.try_acquire(permits));
    CHECK(a.got > 0);
  });
}

TEST_CASE("storm SE03 permits are conserved in the simulation, every seed another interleaving") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(1'000, 50'000);
  for (std::uint64_t i = 0; i != n; ++i) {
    CAPTURE(seed + i);
    weft::simulation(seed + i).run([&] {
      account a;
      (void)crowd::drive(seed + i, 20, {}, [&a](storm::dice& roll, std::uint64_t) { one_try(a, roll); });
      REQUIRE(a.too_many == 0);
      REQUIRE(a.held == 0);
      REQUIRE(a.s.available() == permits);
    });
  }
}

TEST_CASE("storm SE03 waiters that have given up and are still in the list take no permit with them") {
  auto const n = storm::rounds(100'000, 1'000'000);
  weft::semaphore s(0);
  std::atomic<std::uint64_t> released{0};
  std::uint64_t got = 0;
  storm::stampede(2, [&](unsigned i) {
    if (i == 0) {
      for (std::uint64_t k = 0; k != n; ++k) {
        s.release();
        ++released;
      }
      return;
    }
    while (got != n) {
      // Registers, since it has to wait; gives up at once, since the time has passed.
      if (s.try_acquire_for(std::chrono::seconds(0))) {
        ++got;
      } else if (released == n && s.available() == 0) {
        return;
      }
    }
  });
  CHECK(got == n);
  CHECK(s.available() == 0);
}

TEST_CASE("storm EVT2 set and reset at random: every waiter is woken, late or cancelled, none is forgotten") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(50'000, 1'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::event e;
    std::atomic<std::uint64_t> woken{0}, late{0}, cancelled{0};
    std::atomic<bool> stop{false};
    std::thread setter([&] {
      storm::dice roll(seed);
      while (!stop) {
        e.set();
        if (roll.below(2) == 0) e.reset();
        if (roll.below(4) == 0) std::this_thread::yield();
        e.reset();
      }
      e.set();
    });
    shapes::run_on(workers, [&] {
      for (std::uint64_t i = 0; i < n; i += 10) {
        storm::dice roll(seed + i);
        std::vector<weft::task<>> all;
        for (int k = 0; k != 10; ++k) {
          all.push_back(weft::spawn([&, timed = roll.below(2) == 0, limit = roll.below(50)] {
            if (!timed) {
              e.wait();
            } else if (!e.wait_for(microseconds(limit))) {
              ++late;
              return;
            }
            ++woken;
          }));
        }
        for (auto& t : all) {
          if (roll.below(3) == 0) t.cancel();
        }
        for (auto& t : all) {
          t.wait();
          if (t.cancelled()) ++cancelled;
        }
      }
    });
    stop = true;
    setter.join();
    CHECK(woken + late + cancelled == (n + 9) / 10 * 10);
  });
}
