// Storm: every item put is got exactly once while putters and getters are cancelled and time out at random and queues are
// closed; tasks of two runtimes and plain threads together. Everyday: about a second. WEFT_LONG=1: a million.
#include <weft/queue.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "tests/support/shapes.hpp"
#include "tests/sync/crowd.hpp"
#include "tests/sync/items.hpp"

using namespace items;
using std::chrono::microseconds;

namespace {

// One account per item: put once or not at all, got as often.
template <class T>
struct ledger {
  explicit ledger(std::size_t items, std::size_t maxsize) : q(maxsize), put(items), got(items) {}
  weft::queue<T> q;
  std::vector<std::atomic<std::uint8_t>> put, got;
  std::atomic<number> next{0}, harmed{0};

  void produce(storm::dice& roll) {
    auto const id = next++;
    T item = make<T>(id);
    try {
      bool done = true;
      switch (roll.below(4)) {
        case 0:
          done = q.try_put(std::move(item));
          break;
        case 1:
          done = q.try_put_for(std::move(item), microseconds(roll.below(50)));
          break;
        default:
          q.put(std::move(item));
      }
      put[id] = done ? 1 : 0;
      if (!done && !intact(item)) ++harmed;
    } catch (weft::closed_error const&) {
      if (!intact(item)) ++harmed;
    } catch (weft::cancelled const&) {
      if (!intact(item)) ++harmed;
      throw;
    }
  }
  bool consume(storm::dice& roll) {
    std::optional<T> item;
    switch (roll.below(4)) {
      case 0:
        item = q.try_get();
        break;
      case 1:
        item = q.try_get_for(microseconds(roll.below(50)));
        break;
      default:
        try {
          item = q.get();
        } catch (weft::closed_error const&) {
          return false;
        }
    }
    if (item) {
      ++got[value(*item)];
      q.task_done();
    }
    return true;
  }
  void balance(bool dropped_allowed = false) {
    number wrong = 0, all = 0;
    for (std::size_t i = 0; i != put.size(); ++i) {
      all += got[i];
      if (dropped_allowed ? got[i] > put[i] : got[i] != put[i]) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(harmed == 0);
    CHECK(q.empty());
    CHECK(q.join_for(std::chrono::seconds(0)));
    CHECK(all <= next);
  }
};

// Producers and consumers, about a third of them cancelled at some moment. Whoever is left waiting, too.
constexpr crowd::habits habits{.acts = 2, .one_in = 3, .may_be_left_over = true};

template <class T>
auto takes_part(ledger<T>& l) {
  return [&l](storm::dice& roll, number k) {
    if (k % 2 == 0) {
      l.produce(roll);
    } else {
      (void)l.consume(roll);
    }
  };
}

template <class T>
void drain(ledger<T>& l) {
  while (auto item = l.q.try_get()) {
    ++l.got[value(*item)];
    l.q.task_done();
  }
}

}  // namespace

TEST_CASE_TEMPLATE(
    "storm Q06 Q08 every item put is got exactly once: two runtimes, plain threads, cancels, time-outs", T,
    number, boxed) {
  auto const seed = storm::seed();
  auto const n = storm::rounds(2'000, 150'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    ledger<T> l(8 * n + 100, 3);
    std::thread consumer([&] {
      storm::dice roll(seed + 7);
      while (l.consume(roll)) {
      }
    });
    auto const cancelled = crowd::drive_two_runtimes(seed, n, workers, habits, takes_part(l), [&] {
      crowd::two_threads(seed, n, [&l](storm::dice& roll) { l.produce(roll); });
    });
    l.q.close();
    consumer.join();
    CHECK(cancelled > 0);
    drain(l);
    l.balance();
  });
}

TEST_CASE_TEMPLATE(
    "storm Q15 Q16 closing at any moment: what was put is got, or dropped by close_now, never doubled", T,
    number, boxed) {
  auto const seed = storm::seed();
  auto const n = storm::rounds(1'000, 50'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    shapes::run_on(workers, [&] {
      for (number i = 0; i != n; ++i) {
        storm::dice roll(seed + i);
        bool const now = roll.below(2) == 0;
        ledger<T> l(64, roll.below(4));
        std::vector<weft::task<>> all;
        for (number k = 0; k != 6; ++k) {
          all.push_back(weft::spawn([&l, k, s = seed + 31 * (i + k)] {
            storm::dice mine(s);
            for (int j = 0; j != 4; ++j) {
              if (k % 2 == 0) {
                l.produce(mine);
              } else {
                (void)l.consume(mine);
              }
            }
          }));
        }
        for (auto p = roll.below(4); p != 0; --p) weft::this_task::yield();
        now ? l.q.close_now() : l.q.close();
        for (auto& t : all) t.get();
        drain(l);
        l.balance(now);
      }
    });
  });
}

TEST_CASE_TEMPLATE("storm Q06 Q08 Q15 in the simulation, every seed another interleaving", T, number, boxed) {
  auto const seed = storm::seed();
  auto const n = storm::rounds(1'000, 50'000);
  for (number i = 0; i != n; ++i) {
    CAPTURE(seed + i);
    weft::simulation(seed + i).run([&] {
      ledger<T> l(200, 2);
      (void)crowd::drive(seed + i, 20, habits, takes_part(l));
      drain(l);
      l.balance();
    });
  }
}

TEST_CASE_TEMPLATE(
    "storm Q06 Q08 waiters that have given up and are still in the list take no item and no place with them",
    T, number, boxed) {
  auto const n = storm::rounds(5'000, 300'000);
  weft::queue<T> q(1);
  number wrong = 0;
  storm::stampede(2, [&](unsigned i) {
    // Both register when they have to wait, and give up at once, since the time has passed.
    for (number k = 0; k != n; ++k) {
      if (i == 0) {
        T item = make<T>(k);
        while (!q.try_put_for(std::move(item), std::chrono::seconds(0))) {
        }
      } else {
        std::optional<T> item;
        while (!(item = q.try_get_for(std::chrono::seconds(0)))) {
        }
        wrong += value(*item) == k ? 0 : 1;
        q.task_done();
      }
    }
  });
  CHECK(wrong == 0);
  CHECK(q.empty());
  CHECK_FALSE(q.full());
  CHECK(q.join_for(std::chrono::seconds(0)));
}

TEST_CASE("storm Q09 waits that are late leave no memory behind") {
  auto const n = storm::rounds(20'000, 1'000'000);
  shapes::on_all([&] {
    weft::queue<number> q(1);
    auto const some = [&](number k) {
      for (number i = 0; i != k; ++i)
        REQUIRE_FALSE(q.try_get_for(std::chrono::nanoseconds(i % 100 == 1 ? 1000 : 0)).has_value());
      q.put(1);
      for (number i = 0; i != k; ++i)
        REQUIRE_FALSE(q.try_put_for(2, std::chrono::nanoseconds(i % 100 == 1 ? 1000 : 0)));
      CHECK(q.get() == 1);
    };
    some(n / 10);
    auto const before = storm::resident();
    some(n);
    if (!storm::sanitized) CHECK(storm::resident() < before + 2 * storm::mib);
  });
}
