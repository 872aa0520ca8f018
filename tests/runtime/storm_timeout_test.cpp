// Storm: waits that time out, on one future that stays pending, and sleeps. Nothing piles up at the future or at the timers.
// Everyday: about a second. WEFT_LONG=1: a million.
#include <doctest/doctest.h>

#include <atomic>
#include <vector>

#include <weft/weft.hpp>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

using std::chrono::microseconds;

TEST_CASE("storm: timed-out waits for one pending future, in constant memory; then it is set and all know it") {
  auto const n = storm::rounds(5'000, 1'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::promise<int> p;
    auto const f = p.get_future();
    std::atomic<std::uint64_t> early{0}, timed_out{0};
    shapes::run_on(workers, [&] {
      auto const some = [&](std::uint64_t k) {
        std::vector<weft::task<>> all;
        for (int i = 0; i != 20; ++i) {
          all.push_back(weft::spawn([&, f, k] {
            for (std::uint64_t j = 0; j != k / 20; ++j) {
              auto const until = weft::clock::now() + microseconds(20 + j % 30);
              timed_out += f.wait_until(until) ? 0 : 1;
              early += weft::clock::now() < until ? 1 : 0;
            }
          }));
        }
        for (auto& t : all) t.get();
      };
      some(n / 10);
      auto const before = storm::resident();
      some(n);
      auto const after = storm::resident();
      if (!storm::sanitized) CHECK(after < before + 2 * storm::mib);
      CHECK(timed_out == n / 10 / 20 * 20 + n / 20 * 20);
      CHECK(early == 0);
      auto waiter = weft::spawn([f] { return f.get(); });
      p.set_value(5);
      CHECK(waiter.get() == 5);
      CHECK(f.wait_for(std::chrono::hours(1)));
    });
  });
}

TEST_CASE("waits whose time has passed already, on one pending future: no suspension, no memory") {
  auto const n = storm::rounds(500'000, 10'000'000);
  shapes::on_all([&] {
    weft::promise<> p;
    auto const f = p.get_future();
    auto const before = storm::resident();
    for (std::uint64_t i = 0; i != n; ++i) REQUIRE_FALSE(f.wait_for(std::chrono::seconds(0)));
    if (!storm::sanitized) CHECK(storm::resident() < before + 2 * storm::mib);
  });
}

TEST_CASE("storm: time-outs against completion: whoever is first, the wait says the truth") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(5'000, 500'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    std::atomic<std::uint64_t> wrong{0}, in_time{0}, late{0};
    shapes::run_on(workers, [&] {
      for (std::uint64_t i = 0; i < n; i += 10) {
        std::vector<weft::task<>> all;
        for (std::uint64_t k = 0; k != 10; ++k) {
          all.push_back(weft::spawn([&, s = seed + i + k] {
            storm::dice roll(s);
            weft::promise<> p;
            auto const f = p.get_future();
            auto setter = weft::spawn([p = std::move(p), pause = roll.below(60)]() mutable {
              weft::this_task::sleep_for(microseconds(pause));
              p.set_value();
            });
            bool const done = f.wait_for(microseconds(roll.below(60)));
            wrong += done && !f.done() ? 1 : 0;
            (done ? in_time : late) += 1;
            setter.get();
            wrong += f.done() && f.wait_for(microseconds(0)) ? 0 : 1;
          }));
        }
        for (auto& t : all) t.get();
      }
    });
    CHECK(wrong == 0);
    CHECK(in_time + late == n);
  });
}

TEST_CASE("storm: sleeps that are cancelled; their timers fire into nothing") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(5'000, 500'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    std::uint64_t slept = 0, cancelled = 0;
    shapes::run_on(workers, [&] {
      for (std::uint64_t i = 0; i < n; i += 10) {
        storm::dice roll(seed + i);
        std::vector<weft::task<>> all;
        for (int k = 0; k != 10; ++k) {
          all.push_back(weft::spawn([pause = roll.below(100)] { weft::this_task::sleep_for(microseconds(pause)); }));
        }
        for (auto& t : all) {
          if (roll.below(2) == 0) weft::this_task::yield();
          t.cancel();
        }
        for (auto& t : all) {
          t.wait();
          (t.cancelled() ? cancelled : slept) += 1;
        }
      }
    });
    CHECK(slept + cancelled == n);
  });
}

TEST_CASE("storm X9 in the simulation an hour of time-outs takes no time") {
  weft::simulation sim(storm::seed());
  auto const n = storm::rounds(20'000, 1'000'000);
  sim.run([n] {
    weft::promise<> p;
    auto const f = p.get_future();
    auto const begin = weft::clock::now();
    for (std::uint64_t i = 0; i != n; ++i) REQUIRE_FALSE(f.wait_for(std::chrono::seconds(1)));
    CHECK(weft::clock::now() - begin >= std::chrono::seconds(n));
    CHECK(weft::clock::now() - begin < std::chrono::seconds(n) + std::chrono::hours(1));
  });
}
