// barrier: rounds, places, cancellation, reset and abort.
#include <weft/barrier.hpp>

#include <atomic>
#include <chrono>
#include <set>
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

static_assert(!std::is_copy_constructible_v<weft::barrier> && !std::is_convertible_v<std::ptrdiff_t, weft::barrier>);

TEST_CASE("BA01 at least one; a barrier of one lets everybody pass at once") {
  CHECK_THROWS_AS(weft::barrier(0), std::invalid_argument);
  CHECK_THROWS_AS(weft::barrier(-1), std::invalid_argument);
  CHECK_THROWS_AS(weft::barrier(PTRDIFF_MAX), std::invalid_argument);
  everywhere([] {
    weft::barrier b(1);
    for (int i = 0; i != 3; ++i) CHECK(b.arrive_and_wait() == 0);
    CHECK(b.arrive_and_wait_for(0s) == 0u);
    CHECK(b.parties() == 1);
    CHECK(b.waiting() == 0);
  });
}

TEST_CASE("BA02 each has a place of its own, in the order of coming; the last one's is the last") {
  everywhere([] {
    weft::barrier b(4);
    std::vector<weft::task<std::size_t>> all;
    for (int i = 0; i != 3; ++i) {
      all.push_back(spawn_waiting([&b] { return b.arrive_and_wait(); }));
      CHECK(b.waiting() == all.size());
    }
    CHECK(b.arrive_and_wait() == 3);
    for (std::size_t i = 0; i != 3; ++i) CHECK(all[i].get() == i);
    CHECK(b.waiting() == 0);
  });
}

TEST_CASE("BA03 again and again; early ones of the next round wait for their own") {
  everywhere([] {
    weft::barrier b(3);
    int at[3] = {};
    std::vector<weft::task<>> all;
    for (int i = 0; i != 3; ++i) {
      all.push_back(weft::spawn([&, i] {
        for (int round = 0; round != 30; ++round) {
          at[i] = round;
          (void)b.arrive_and_wait();
          for (int const other : at) CHECK(other == round);
          (void)b.arrive_and_wait();
        }
      }));
    }
    for (auto& t : all) t.get();
    auto const one = spawn_waiting([&b] { return b.arrive_and_wait(); });
    auto const two = spawn_waiting([&b] { return b.arrive_and_wait(); });
    CHECK(b.arrive_and_wait() == 2);
    auto const next = spawn_waiting([&b] { return b.arrive_and_wait(); });  // one and two need not have run yet
    CHECK(one.get() == 0);
    CHECK(two.get() == 1);
    CHECK_FALSE(next.done());
    CHECK(ends_cancelled(next));
  });
}

TEST_CASE("BA04 cancelled or late: as if it had not come; the barrier is whole") {
  everywhere([] {
    weft::barrier b(3);
    auto const first = spawn_waiting([&b] { return b.arrive_and_wait(); });
    auto const second = spawn_waiting([&b] { return b.arrive_and_wait(); });
    CHECK(ends_cancelled(first));
    CHECK(b.waiting() == 1);
    CHECK_FALSE(b.arrive_and_wait_for(200us));
    CHECK_FALSE(b.arrive_and_wait_until(weft::clock::time_point::min()));
    CHECK(b.waiting() == 1);
    CHECK_FALSE(second.done());
    CHECK_FALSE(b.broken());
    auto const third = spawn_waiting([&b] { return b.arrive_and_wait(); });
    CHECK(b.arrive_and_wait() == 2);
    CHECK(second.get() == 0);
    CHECK(third.get() == 1);
  });
}

TEST_CASE("BA04 a request that comes with the last one stays pending") {
  everywhere([] {
    weft::barrier b(2);
    bool passed = false;
    auto const t = spawn_waiting([&] {
      (void)b.arrive_and_wait();
      passed = true;
      weft::event().wait();  // the request may come later than we do
    });
    (void)b.arrive_and_wait();
    (void)t.cancel();
    t.wait();
    CHECK(passed);
    CHECK(t.cancelled());
  });
}

TEST_CASE("BA05 reset: those who wait get the error, then it is as new; those let go already are not affected") {
  everywhere([] {
    weft::barrier b(2);
    b.reset();
    auto const waits = spawn_waiting([&b] { CHECK_THROWS_AS((void)b.arrive_and_wait(), weft::broken_barrier_error); });
    b.reset();
    waits.get();
    CHECK_FALSE(b.broken());
    CHECK(b.waiting() == 0);
    auto const let_go = spawn_waiting([&b] { return b.arrive_and_wait(); });
    CHECK(b.arrive_and_wait() == 1);
    b.reset();
    CHECK(let_go.get() == 0);
  });
}

TEST_CASE("BA06 abort: those who wait and all who come get the error, until reset") {
  everywhere([] {
    weft::barrier b(3);
    std::vector<weft::task<>> all;
    for (int i = 0; i != 2; ++i) {
      all.push_back(spawn_waiting([&b] { CHECK_THROWS_AS((void)b.arrive_and_wait(), weft::broken_barrier_error); }));
    }
    b.abort();
    for (auto& t : all) t.get();
    CHECK(b.broken());
    b.abort();
    CHECK_THROWS_AS((void)b.arrive_and_wait(), weft::broken_barrier_error);
    CHECK_THROWS_AS((void)b.arrive_and_wait_for(1s), weft::broken_barrier_error);
    b.reset();
    CHECK_FALSE(b.broken());
    auto const one = spawn_waiting([&b] { return b.arrive_and_wait(); });
    auto const two = spawn_waiting([&b] { return b.arrive_and_wait(); });
    CHECK(b.arrive_and_wait() == 2);
    CHECK(one.get() + two.get() == 1);
  });
}

TEST_CASE("BA02 C05 arriving is a checkpoint; cancelled there, it has not come") {
  everywhere([] {
    weft::barrier b(2);
    weft::spawn([&b] {
      (void)this_task::self().cancel("now");
      CHECK(message_of<weft::cancelled>([&] { (void)b.arrive_and_wait(); }) == "now");
    }).get();
    CHECK(b.waiting() == 0);
  });
}

TEST_CASE("storm BA02 BA04 every round has all its places once; some are cancelled, some late; three kinds of waiters") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(3'000, 1'000'000);
  for_each_worker_count([&](unsigned workers) {
    constexpr std::size_t parties = 3;
    weft::barrier b(parties);
    std::atomic<std::uint64_t> places[parties]{}, late{0}, cancelled{0};
    auto const arrive = [&](std::uint64_t dice) {
      if (dice % 4 == 0) {
        if (auto const i = b.arrive_and_wait_for(std::chrono::microseconds(dice % 50))) {
          ++places[*i];
        } else {
          ++late;
        }
      } else {
        ++places[b.arrive_and_wait()];
      }
    };
    std::atomic<int> busy{4};
    auto const drive = [&](std::uint64_t s) {
      storm::dice roll(s);
      for (std::uint64_t i = 0; i < n; i += 6) {
        std::vector<weft::task<>> all;
        for (int k = 0; k != 6; ++k) all.push_back(weft::spawn([&arrive, d = roll()] { arrive(d); }));
        if (roll.below(2) == 0) this_task::yield();
        for (auto& t : all) {
          if (roll.below(3) == 0) t.cancel();
        }
        // Those left over have nobody to wait for: they give up.
        for (auto& t : all) {
          if (!t.wait_for(std::chrono::microseconds(200))) t.cancel();
          t.wait();
          if (t.cancelled()) ++cancelled;
        }
      }
      --busy;
    };
    weft::runtime one({.workers = workers}), two({.workers = workers});
    auto const first = one.spawn([&] { drive(seed); });
    auto const second = two.spawn([&] { drive(seed + 1); });
    storm::stampede(2, [&](unsigned i) {
      storm::dice roll(seed + 2 + i);
      for (std::uint64_t k = 0; k != n / 4; ++k) arrive(roll() * 4);
      --busy;
    });
    first.get();
    second.get();
    CHECK(busy == 0);
    CHECK(places[0] == places[1]);
    CHECK(places[1] == places[2]);
    CHECK(places[0] > 0);
    CHECK(b.waiting() == 0);
  });
}
