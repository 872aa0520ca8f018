// Storm: every value sent is received exactly once, through channels, a queue and selects over them, while those who wait are
// cancelled and time out at random; tasks of two runtimes and plain threads together. Everyday: about a second.
#include <weft/channel.hpp>
#include <weft/select.hpp>

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
using weft::select;

namespace {

// One account per value: sent once or not at all, received as often. Permits and a stop event are in the selects, too.
template <class T>
struct ledger {
  explicit ledger(std::size_t values) : sent(values), received(values) {}

  weft::channel<T> meeting, other_meeting, buffered{2};
  weft::queue<T> q{1};
  weft::semaphore permits{1};
  weft::event stop;
  std::vector<std::atomic<std::uint8_t>> sent, received;
  std::atomic<number> next{0}, harmed{0}, permits_held{0}, too_many{0};

  void produce(storm::dice& roll) {
    auto const id = next++;
    T v = make<T>(id);
    bool done = false;
    auto const yes = [&] { done = true; };
    try {
      switch (roll.below(7)) {
        case 0:
          meeting.send(std::move(v)), yes();
          break;
        case 1:
          buffered.send(std::move(v)), yes();
          break;
        case 2:
          done = meeting.try_send(std::move(v));
          break;
        case 3:
          done = meeting.try_send_for(std::move(v), microseconds(roll.below(50)));
          break;
        case 4:
          (void)select(weft::on_send(meeting, std::move(v), yes), weft::on_send(other_meeting, std::move(v), yes),
                       weft::on_set(stop, [] {}));
          break;
        default:
          (void)select(weft::on_send(meeting, std::move(v), yes), weft::on_send(buffered, std::move(v), yes),
                       weft::on_put(q, std::move(v), yes), weft::on_acquire(permits, [this] { hold(); }), weft::on_set(stop, [] {}),
                       weft::after(microseconds(roll.below(100)), [] {}));
      }
    } catch (weft::closed_error const&) {
      if (!intact(v)) ++harmed;
    } catch (weft::cancelled const&) {
      if (!intact(v)) ++harmed;
      throw;
    }
    sent[id] = done ? 1 : 0;
    if (!done && !intact(v)) ++harmed;
  }
  void consume(storm::dice& roll) {
    auto const got = [this](std::optional<T> v) {
      if (v) ++received[value(*v)];
    };
    auto const item = [this](T v) { ++received[value(v)]; };
    switch (roll.below(7)) {
      case 0:
        got(meeting.receive());
        break;
      case 1:
        got(buffered.receive());
        break;
      case 2:
        got(meeting.try_receive());
        break;
      case 3:
        got(buffered.try_receive_for(microseconds(roll.below(50))));
        break;
      case 4:
        (void)select(weft::on_receive(meeting, got), weft::on_receive(other_meeting, got), weft::on_receive(meeting, got));
        break;
      default:
        (void)select(weft::on_receive(meeting, got), weft::on_receive(other_meeting, got), weft::on_receive(buffered, got),
                     weft::on_get(q, item), weft::on_acquire(permits, [this] { hold(); }),
                     weft::after(microseconds(roll.below(100)), [] {}));
    }
  }
  void hold() {
    if (++permits_held > 1) ++too_many;
    --permits_held;
    permits.release();
  }
  void balance() {
    storm::dice roll(1);
    while (auto v = buffered.try_receive()) ++received[value(*v)];
    while (auto v = q.try_get()) ++received[value(*v)];
    number wrong = 0;
    for (std::size_t i = 0; i != sent.size(); ++i) wrong += received[i] != sent[i] ? 1 : 0;
    CHECK(wrong == 0);
    CHECK(harmed == 0);
    CHECK(too_many == 0);
    CHECK(permits.available() == 1);
    // Nobody is listed any more.
    CHECK_FALSE(meeting.try_receive().has_value());
    CHECK_FALSE(meeting.try_send(make<T>(0)));
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

}  // namespace

TEST_CASE_TEMPLATE("storm Q06 Q08 SE03 every value sent is received exactly once: two runtimes, plain threads, cancels, time-outs",
                   T, number, boxed) {
  auto const seed = storm::seed();
  auto const n = storm::rounds(1'000, 150'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    ledger<T> l(8 * n + 1000);
    std::thread consumer([&] {
      bool open = true;
      while (open) {
        auto const got = [&](std::optional<T> v) {
          if (v) ++l.received[value(*v)];
          open = v.has_value();
        };
        (void)select(weft::on_receive(l.other_meeting, got), weft::on_receive(l.meeting, got), weft::on_receive(l.buffered, got));
      }
    });
    auto const cancelled = crowd::drive_two_runtimes(seed, n, workers, habits, takes_part(l), [&] {
      std::thread([&] {
        storm::dice roll(seed + 77);
        for (number k = 0; k != n; ++k) l.produce(roll);
      }).join();
    });
    l.meeting.close();
    l.other_meeting.close();
    l.buffered.close();
    consumer.join();
    CHECK(cancelled > 0);
    l.balance();
  });
}

TEST_CASE_TEMPLATE("storm Q06 Q08 SE03 in the simulation, every seed another interleaving", T, number, boxed) {
  auto const seed = storm::seed();
  auto const n = storm::rounds(1'000, 50'000);
  for (number i = 0; i != n; ++i) {
    CAPTURE(seed + i);
    weft::simulation(seed + i).run([&] {
      ledger<T> l(200);
      (void)crowd::drive(seed + i, 20, habits, takes_part(l));
      l.balance();
    });
  }
}

TEST_CASE("storm Q08 while the oldest gives up, the one behind it is still there to be met") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(1'000, 100'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    storm::dice roll(seed);
    for (number i = 0; i != n; ++i) {
      weft::channel<number> c, a, b, d, e;  // it leaves one after the other
      auto const begins = [&](auto f) {
        auto t = rt.spawn(f);
        shapes::until([&t] { return t.state() == weft::task_state::suspended; });
        return t;
      };
      auto const nothing = [](auto) {};
      auto const first = begins([&] {
        (void)select(weft::on_send(c, 1, [] {}), weft::on_receive(a, nothing), weft::on_receive(b, nothing),
                     weft::on_receive(d, nothing), weft::on_receive(e, nothing));
      });
      auto const second = begins([&] { c.send(2); });
      first.cancel();
      crowd::a_moment_later(roll);
      auto got = c.try_receive();
      CHECK(got.has_value());
      if (!got) got = c.receive();
      first.wait();
      CHECK(*got == (first.cancelled() ? 2u : 1u));
      if (*got == 1) CHECK(c.receive() == 2u);
      second.get();
    }
  });
}

TEST_CASE("storm two selects that want each other, from plain threads: they always meet") {
  auto const n = storm::rounds(20'000, 1'000'000);
  weft::channel<number> a, b;
  std::atomic<number> sum{0};
  storm::stampede(2, [&](unsigned i) {
    auto const got = [&](std::optional<number> v) { sum += *v; };
    for (number k = 0; k != n; ++k) {
      if (i == 0) {
        (void)select(weft::on_send(a, number{1}, [] {}), weft::on_receive(b, got));
      } else {
        (void)select(weft::on_send(b, number{1}, [] {}), weft::on_receive(a, got));
      }
    }
  });
  CHECK(sum == n);
}

TEST_CASE("storm Q09 selects and waits at channels that are late leave no memory behind") {
  auto const n = storm::rounds(10'000, 1'000'000);
  shapes::on_all([&] {
    weft::channel<number> c;
    weft::queue<number> q;
    weft::event e;
    weft::semaphore s(0);
    weft::promise<> p;
    auto const f = p.get_future();
    auto const some = [&](number k) {
      for (number i = 0; i != k; ++i) {
        auto const d = std::chrono::nanoseconds(i % 100 == 1 ? 1000 : 1);
        CHECK_FALSE(c.try_receive_for(d).has_value());
        CHECK_FALSE(c.try_send_for(1, d));
        (void)select(weft::on_receive(c, [](auto) {}), weft::on_get(q, [](auto) {}), weft::on_set(e, [] {}),
                     weft::on_acquire(s, [] {}), weft::on_done(f, [] {}), weft::after(d, [] {}));
      }
    };
    some(n / 10);
    auto const before = storm::resident();
    some(n);
    if (!storm::sanitized) CHECK(storm::resident() < before + 2 * storm::mib);
  });
}
