// The word a waiter sleeps on: its transitions one by one, then on real threads.
#include <weft/detail/parking.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/storm.hpp"

using namespace weft::detail;

TEST_CASE("a kick wakes who is parked, exactly once, and is remembered for who is not") {
  parker p(parker::kind::fiber);
  CHECK_FALSE(p.kick());
  CHECK(p.kicked());
  CHECK_FALSE(p.commit_park());
  CHECK(p.clear_kick());
  CHECK_FALSE(p.clear_kick());
  CHECK(p.commit_park());
  CHECK(p.parked());
  CHECK(p.kick());
  CHECK_FALSE(p.kick());
  CHECK_FALSE(p.parked());
  CHECK(p.kicked());
}

TEST_CASE("a wait is claimed once, by its epoch, and not after it was closed") {
  parker p(parker::kind::fiber);
  auto const first = p.open();
  CHECK(p.close());
  CHECK_FALSE(p.claim(first));
  auto const second = p.open();
  CHECK(first != second);
  CHECK_FALSE(p.claim(first));
  CHECK(p.claim(second));
  CHECK_FALSE(p.claim(second));
  CHECK_FALSE(p.close());
  CHECK_FALSE(p.published());
  CHECK_FALSE(p.publish());
  CHECK(p.published());
  CHECK_FALSE(p.commit_park());
  p.finish();
  CHECK_FALSE(p.published());
  CHECK_FALSE(p.claim(second));
  auto const third = p.open();
  CHECK(third != second);
  CHECK(p.close());
}

TEST_CASE("a parked waiter is scheduled by who publishes") {
  parker p(parker::kind::fiber);
  auto const e = p.open();
  CHECK(p.commit_park());
  CHECK(p.claim(e));
  CHECK(p.parked());
  CHECK(p.publish());
  CHECK_FALSE(p.parked());
  p.finish();
}

TEST_CASE("a claimed wait goes on until it is published: a kick neither wakes it nor keeps it from parking") {
  parker p(parker::kind::fiber);
  auto const e = p.open();
  CHECK(p.claim(e));
  CHECK_FALSE(p.kick());
  CHECK(p.commit_park());
  CHECK_FALSE(p.kick());
  CHECK(p.parked());
  CHECK(p.publish());
  CHECK(p.kicked());
  p.finish();
  CHECK(p.kicked());
}

TEST_CASE("a kick leaves an open wait open") {
  parker p(parker::kind::fiber);
  auto const e = p.open();
  CHECK(p.commit_park());
  CHECK(p.kick());
  CHECK(p.clear_kick());
  CHECK(p.commit_park());
  CHECK(p.claim(e));
  CHECK(p.publish());
}

TEST_CASE("pair: two threads wake each other in turn") {
  auto const n = storm::rounds(10'000, 1'000'000);
  std::array<std::atomic<parker*>, 2> who{};
  std::atomic<std::uint64_t> turn{0};
  storm::stampede(2, [&](unsigned me) {
    parker& mine = this_parker();
    who[me] = &mine;
    storm::wait_until([&] { return who[1 - me].load() != nullptr; });
    for (std::uint64_t i = me; i < n; i += 2) {
      for (;;) {
        mine.clear_kick();
        if (turn.load(std::memory_order_relaxed) == i) break;
        park(mine);
      }
      turn.store(i + 1, std::memory_order_relaxed);
      kick(*who[1 - me].load());
    }
  });
  CHECK(turn == n);
}

TEST_CASE("a thread's wait ends at its deadline, not before") {
  parker& mine = this_parker();
  mine.clear_kick();
  auto const until = now_ns() + 2'000'000;
  while (now_ns() < until) {
    mine.clear_kick();
    park(mine, until);
  }
  CHECK_FALSE(mine.parked());
}

TEST_CASE("stampede: of many kickers exactly one schedules, and what each wrote before is seen") {
  for (std::uint64_t r = 0; r != storm::rounds(200, 20'000); ++r) {
    parker p(parker::kind::fiber);
    REQUIRE(p.commit_park());
    std::array<int, 4> news{};
    std::atomic<int> scheduled{0};
    storm::stampede(4, [&](unsigned who) {
      news[who] = 1;
      scheduled += p.kick() ? 1 : 0;
    });
    REQUIRE(scheduled == 1);
    REQUIRE(p.clear_kick());
    for (int n : news) REQUIRE(n == 1);
  }
}

TEST_CASE("stampede: of many claimers and the owner exactly one ends the wait") {
  for (std::uint64_t r = 0; r != storm::rounds(200, 20'000); ++r) {
    parker p(parker::kind::fiber);
    auto const stale = p.open();
    REQUIRE(p.close());
    auto const e = p.open();
    std::atomic<int> ended{0}, late{0};
    storm::stampede(4, [&](unsigned who) {
      late += p.claim(stale) ? 1 : 0;
      ended += (who == 0 ? p.close() : p.claim(e)) ? 1 : 0;
      late += p.claim(stale) ? 1 : 0;
    });
    REQUIRE(ended == 1);
    REQUIRE(late == 0);
  }
}

TEST_CASE("storm: a waiter, a claimer that hands over a number and kickers; every number arrives once") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(20'000, 2'000'000);
  std::atomic<parker*> waiter{nullptr};
  std::atomic<parker::epoch> epoch{0};
  std::atomic<bool> over{false};
  std::uint64_t slot = 0, sum = 0, given_up = 0, claimed = 0, handed = 0;
  storm::stampede(3, [&](unsigned who) {
    storm::dice roll(seed + who);
    if (who == 0) {
      parker& mine = this_parker();
      waiter = &mine;
      for (std::uint64_t i = 0; i != n; ++i) {
        epoch.store(mine.open());
        bool const patient = roll.below(2) == 0;
        for (;;) {
          mine.clear_kick();
          if (mine.published() || (!patient && mine.close())) break;
          park(mine);
        }
        if (mine.published()) {
          sum += slot;
          mine.finish();
          ++claimed;
        } else {
          ++given_up;
        }
      }
      over = true;
    } else if (who == 1) {
      while (!over) {
        parker* const p = waiter;
        if (p == nullptr || !p->claim(epoch.load())) continue;
        slot = ++handed;
        publish(*p);
      }
    } else {
      while (!over) {
        if (parker* const p = waiter) kick(*p);
        for (auto k = roll.below(100); k != 0 && !over; --k) {
        }
      }
    }
  });
  CHECK(claimed + given_up == n);
  CHECK(claimed == handed);
  CHECK(sum == handed * (handed + 1) / 2);
}
