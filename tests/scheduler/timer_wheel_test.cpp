// Timer wheel: against a model in virtual time, its rules one by one, and storms of owners and runners.
#include "scheduler/timer_wheel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <random>
#include <thread>
#include <vector>

using weft::detail::no_deadline;
using weft::detail::timer_entry;
using weft::detail::timer_rounding;
using weft::detail::timer_wheel;

namespace {

using i64 = std::int64_t;
using random_source = std::mt19937_64;
constexpr i64 tick = 1 << 16;
constexpr i64 lowest = std::numeric_limits<i64>::min();

unsigned scale() { return std::getenv("WEFT_LONG") != nullptr ? 30 : 1; }
i64 below(random_source& r, i64 n) { return static_cast<i64>(r() % static_cast<std::uint64_t>(n)); }
i64 any_size(random_source& r) { return static_cast<i64>(r() >> (1 + r() % 63)); }
i64 plus(i64 a, i64 b) {
  i64 sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b < 0 ? lowest : no_deadline - 1;
  return std::min(sum, no_deadline - 1);
}
i64 rounded(i64 t) { return t > no_deadline - tick ? t : (t + tick - 1) & -tick; }

std::vector<timer_entry*> fired_by(timer_wheel& w, i64 now) {
  std::vector<timer_entry*> all;
  auto const n = w.run(now, [&](timer_entry& e) { all.push_back(&e); });
  CHECK(n == all.size());
  return all;
}

// Owners arm, disarm and remove at random; both wheels are run at every step of the clock.
void against_model(i64 now, timer_rounding rounding, std::uint64_t seed) {
  CAPTURE(now);
  CAPTURE(seed);
  random_source random(seed);
  std::vector<timer_entry> entries(150);
  using model = std::multimap<i64, timer_entry*>;
  model armed;
  std::map<timer_entry*, model::iterator> where;
  auto const forget = [&](timer_entry& e) {
    auto const found = where.find(&e);
    if (found == where.end()) return false;
    armed.erase(found->second);
    where.erase(found);
    return true;
  };
  auto const wake = [&](i64 when) { return rounding == timer_rounding::exact ? when : rounded(when); };
  timer_wheel wheels[2] = {timer_wheel{now, rounding}, timer_wheel{now, rounding}};
  bool good = true;
  for (int step = 0; step < 3000 && good; ++step) {
    for (auto ops = random() % 20; ops != 0; --ops) {
      timer_entry& e = entries[random() % entries.size()];
      forget(e);
      auto const what = random() % 10;
      if (what == 0) {
        timer_wheel::disarm(e);
      } else if (what == 1) {
        timer_wheel::remove(e);
        good = good && e.home == nullptr;
      } else {
        i64 when = plus(now, any_size(random));
        if (what == 2) when = plus(now, -any_size(random));
        if (what == 3) when = random() % 2 != 0 ? no_deadline - 1 - below(random, 3 * tick) : lowest;
        if (what == 4) when = plus(now, below(random, 4) * tick);
        wheels[random() % 2].arm(e, when);
        where[&e] = armed.emplace(when, &e);
      }
    }
    i64 const next = std::min(wheels[0].next(), wheels[1].next());
    if (!armed.empty()) good = good && next <= std::max(now, wake(armed.begin()->first));
    if (random() % 3 == 0 && next != no_deadline) {
      now = std::max(now, next);
    } else {
      now = plus(now, random() % 100 == 0 ? any_size(random) : below(random, 5 * tick));
    }
    for (timer_wheel& w : wheels) {
      i64 last = lowest;
      w.run(now, [&](timer_entry& e) {
        i64 const deadline = e.deadline;
        good = good && deadline <= now && deadline >= last && forget(e);
        last = deadline;
      });
      good = good && w.next() > now;
    }
    if (!armed.empty()) good = good && wake(armed.begin()->first) > now;
  }
  CHECK(good);
  for (timer_entry& e : entries) timer_wheel::remove(e);
  for (timer_wheel& w : wheels) CHECK(w.next() == no_deadline);
}

}  // namespace

TEST_CASE("random arming agrees with a multimap, anywhere on the time line") {
  for (unsigned i = 0; i < scale(); ++i) {
    for (i64 const start : {i64{0}, i64{1'700'000'000'123'456'789}, i64{-5'000'000'000}, i64{-1}, lowest,
                            no_deadline - 1'000'000'000, no_deadline - 1}) {
      against_model(start, timer_rounding::up, 7001 + i);
      against_model(start, timer_rounding::exact, 9001 + i);
    }
  }
}

TEST_CASE("S08 a deadline fires at the end of its tick, never early, and once") {
  timer_wheel w(0);
  timer_entry e;
  for (i64 const when : {i64{1}, tick - 1, tick, tick + 1, 64 * tick - 1, 64 * 64 * tick + 5, i64{1} << 61}) {
    CAPTURE(when);
    w.arm(e, when);
    CHECK(w.next() == rounded(when));
    CHECK(fired_by(w, when - 1).empty());
    CHECK(w.next() == rounded(when));  // running too soon costs nothing later
    CHECK(fired_by(w, rounded(when)) == std::vector{&e});
    CHECK(fired_by(w, plus(when, 1000 * tick)).empty());
    CHECK(w.next() == no_deadline);
  }
}

TEST_CASE("exact rounding wakes at the deadline itself") {
  timer_wheel w(5, timer_rounding::exact);
  timer_entry a, b;
  w.arm(a, 1000);
  w.arm(b, 1001);
  CHECK(w.next() == 1000);
  CHECK(fired_by(w, 1000) == std::vector{&a});
  CHECK(w.next() == 1001);
  CHECK(fired_by(w, 1001) == std::vector{&b});
}

TEST_CASE("the last nanosecond of the clock is a deadline, no_deadline is none") {
  for (auto const rounding : {timer_rounding::up, timer_rounding::exact}) {
    timer_wheel w(0, rounding);
    timer_entry last, never, off;
    w.arm(last, no_deadline - 1);
    w.arm(never, no_deadline);
    w.arm(off, no_deadline - 2);
    timer_wheel::disarm(off);
    CHECK(never.home == nullptr);
    CHECK(fired_by(w, no_deadline - 3).empty());
    CHECK(fired_by(w, no_deadline - 2).empty());
    CHECK(w.next() == no_deadline - 1);
    CHECK(fired_by(w, no_deadline) == std::vector{&last});
    CHECK(w.next() == no_deadline);
  }
}

TEST_CASE("S03 S06 one run fires in order of deadline, equal ones in order of arming, past ones too") {
  random_source random(11);
  i64 const now = 1000 * tick;
  timer_wheel w(now);
  std::vector<timer_entry> entries(5000);
  std::multimap<i64, timer_entry*> expected;  // equal keys in order of insertion
  for (timer_entry& e : entries) {
    i64 const when = below(random, 2) == 0 ? now - below(random, 300) : now + below(random, 100) * tick / 8;
    w.arm(e, when);
    expected.emplace(when, &e);
  }
  auto const all = fired_by(w, now + 1000 * tick);
  REQUIRE(all.size() == expected.size());
  CHECK(std::equal(all.begin(), all.end(), expected.begin(), [](auto* e, auto& x) { return e == x.second; }));
}

TEST_CASE("S06 equal deadlines keep the order of arming when one of them has cascaded") {
  timer_wheel w(0);
  timer_entry far, near;
  i64 const when = 100 * tick;
  w.arm(far, when);
  CHECK(fired_by(w, 90 * tick).empty());
  w.arm(near, when);
  CHECK(fired_by(w, when) == std::vector{&far, &near});
}

TEST_CASE("re-arming later leaves the links alone; the entry fires at the new time") {
  timer_wheel w(0), other(0);
  timer_entry e;
  w.arm(e, 10 * tick);
  timer_wheel::disarm(e);
  other.arm(e, 50 * tick);
  CHECK(e.home == &w);
  CHECK(e.linked_at == 10 * tick);
  CHECK(fired_by(w, 20 * tick).empty());
  CHECK(w.next() == 50 * tick);
  CHECK(fired_by(w, 50 * tick) == std::vector{&e});
}

TEST_CASE("re-arming earlier moves the entry to the wheel that arms it") {
  timer_wheel w(0), other(0);
  timer_entry e;
  w.arm(e, 50 * tick);
  other.arm(e, 10 * tick);
  CHECK(e.home == &other);
  CHECK(w.next() == no_deadline);
  other.arm(e, 5 * tick);
  CHECK(other.next() == 5 * tick);
  CHECK(fired_by(w, 60 * tick).empty());
  CHECK(fired_by(other, 5 * tick) == std::vector{&e});
}

TEST_CASE("S05 a disarmed entry is dropped when its time comes") {
  timer_wheel w(0);
  timer_entry e;
  w.arm(e, 10 * tick);
  timer_wheel::disarm(e);
  CHECK(fired_by(w, 10 * tick).empty());
  CHECK(e.home == nullptr);
  CHECK(w.next() == no_deadline);
  w.arm(e, 20 * tick);
  CHECK(fired_by(w, 20 * tick) == std::vector{&e});
}

TEST_CASE("no entry points to a dead wheel") {
  std::vector<timer_entry> entries(100);
  {
    timer_wheel w(0);
    for (std::size_t i = 0; i < entries.size(); ++i) w.arm(entries[i], static_cast<i64>(i * i * i) * tick);
    timer_wheel::remove(entries[7]);
    timer_wheel::remove(entries[7]);
    CHECK(entries[7].home == nullptr);
  }
  CHECK(std::all_of(entries.begin(), entries.end(), [](auto& e) { return e.home == nullptr; }));
}

TEST_CASE("firing may arm: overdue again and again, a run ends all the same and loses nothing") {
  timer_wheel w(0);
  std::vector<timer_entry> entries(100);
  for (timer_entry& e : entries) w.arm(e, tick);
  std::size_t fired = 0;
  for (int i = 0; i < 10; ++i) fired += w.run(20 * tick, [&](timer_entry& e) { w.arm(e, -1); });
  CHECK(fired / entries.size() >= 10);
  CHECK(fired / entries.size() <= 20);
  CHECK(w.next() <= 20 * tick);
  CHECK(fired_by(w, 20 * tick).size() == entries.size());
  CHECK(w.next() == no_deadline);
}

TEST_CASE("what is armed overdue while firing does not end the run before later ticks") {
  timer_wheel w(0);
  std::vector<timer_entry> entries(100);  // more than one batch
  timer_entry later, overdue;
  for (timer_entry& e : entries) w.arm(e, tick);
  w.arm(later, 5 * tick);
  std::vector<timer_entry*> all;
  w.run(20 * tick, [&](timer_entry& e) {
    all.push_back(&e);
    if (all.size() == 1) w.arm(overdue, -1);
  });
  CHECK(std::count(all.begin(), all.end(), &later) == 1);
}

TEST_CASE("firing may take others out, or put them off") {
  timer_wheel w(0);
  std::vector<timer_entry> entries(100);
  for (timer_entry& e : entries) w.arm(e, tick);
  std::size_t fired = 0;
  w.run(tick, [&](timer_entry& e) {
    if (fired++ != 0) return;
    CHECK(&e == &entries[0]);
    for (std::size_t i = 1; i < 40; ++i) timer_wheel::remove(entries[i]);
    for (std::size_t i = 40; i < 70; ++i) w.arm(entries[i], 9 * tick);
  });
  CHECK(fired == 31);
  CHECK(fired_by(w, 9 * tick).size() == 30);
  CHECK(w.next() == no_deadline);
}

TEST_CASE("try_run leaves a wheel alone that is being run") {
  timer_wheel w(0);
  timer_entry a, b;
  w.arm(a, tick);
  std::size_t inner = 99;
  CHECK(w.try_run(tick, [&](timer_entry&) {
    w.arm(b, tick);
    inner = w.try_run(tick, [](timer_entry&) {});
  }) >= 1);
  CHECK(inner == 0);
}

// Two threads meet; then each goes on a random moment later.
static void meet(std::atomic<unsigned>& arrived, unsigned round, random_source& random) {
  ++arrived;
  for (unsigned spins = 0; arrived < 2 * round;) {
    if (++spins > 200) std::this_thread::yield();
  }
  for (auto n = random() % 100; n != 0; --n) std::atomic_signal_fence(std::memory_order_seq_cst);
}

// Round by round an owner re-arms its entry on either wheel just when the wheel it is linked in fires, drops
// or cascades it, neighbours of the same slot included. What was armed last must fire after that.
TEST_CASE("storm: arming meets firing; every armed deadline fires, none early") {
  unsigned const rounds = 30'000 * scale();
  std::uint64_t const seed = 20240;
  CAPTURE(seed);
  timer_wheel wheels[2] = {timer_wheel{0}, timer_wheel{0}};
  struct player : timer_entry {
    i64 fired_at = lowest;  // written by the thread that runs; both wheels are never run at once
  } players[4];
  std::atomic<unsigned> arrived{0};
  i64 now = 0;
  auto const run = [&](timer_wheel& w, i64 at) {
    w.run(at, [&](timer_entry& e) { static_cast<player&>(e).fired_at = at; });
  };
  std::thread runner([&] {
    random_source random(seed);
    for (unsigned round = 1; round <= rounds; ++round) {
      meet(arrived, 2 * round - 1, random);
      run(wheels[0], now);
      meet(arrived, 2 * round, random);
    }
  });
  random_source random(seed + 1);
  i64 lost = 0, early = 0;
  for (unsigned round = 1; round <= rounds; ++round) {
    i64 const start = now + 200 * tick;
    auto const kind = random() % 4;
    i64 const linked = start + (kind == 3 ? 100 * tick : tick);
    for (player& p : players) {
      p.fired_at = lowest;
      wheels[0].arm(p, linked);
      if (kind == 0) timer_wheel::disarm(p);
    }
    now = start + (kind == 3 ? 66 * tick : tick);
    i64 const again = kind <= 1   ? now + 1 + below(random, 9 * tick)  // while it is dropped, or fires
                      : kind == 2 ? start                              // brought forward while it fires
                                  : start + 80 * tick;                 // brought forward while it cascades
    auto const used = 1 + random() % 4;
    timer_wheel& target = wheels[random() % 2];
    meet(arrived, 2 * round - 1, random);
    for (std::size_t i = 0; i < used; ++i) target.arm(players[i], again);
    meet(arrived, 2 * round, random);
    for (player& p : players) early += p.fired_at != lowest && (kind == 0 || kind == 3);
    i64 const end = now = start + 150 * tick;
    for (timer_wheel& w : wheels) run(w, end);
    for (std::size_t i = 0; i < 4; ++i) {
      bool const fires = i < used || kind != 0;
      lost += fires != (players[i].fired_at >= (i < used ? again : linked));
      lost += players[i].home != nullptr;
    }
    for (timer_wheel& w : wheels) lost += w.next() != no_deadline;
  }
  runner.join();
  CHECK(lost == 0);
  CHECK(early == 0);
}

// Whoever fires a sleeper owns it and puts it to sleep again, on its own wheel: one fire for each sleep.
TEST_CASE("storm: sleepers that wander between wheels wake exactly once for each sleep") {
  i64 const sleeps = 60'000 * scale();
  std::uint64_t const seed = 31;
  CAPTURE(seed);
  struct sleeper : timer_entry {
    std::atomic<bool> asleep{false};
  };
  std::atomic<i64> clock{0};
  timer_wheel wheels[2] = {timer_wheel{0}, timer_wheel{0}};
  std::vector<sleeper> sleepers(300);
  std::atomic<i64> started{0}, woken{0}, wrong{0};
  auto const sleep_on = [&](timer_wheel& w, sleeper& x, i64 when) {
    if (started++ >= sleeps) return;
    if (x.asleep.exchange(true)) ++wrong;
    w.arm(x, when);
  };
  auto const play = [&](unsigned self) {
    random_source random(seed + self);
    timer_wheel& mine = wheels[self];
    for (std::size_t i = self; i < sleepers.size(); i += 2) {
      sleep_on(mine, sleepers[i], clock + below(random, 100 * tick));
    }
    while (woken < sleeps) {
      i64 const now = clock += below(random, 2 * tick);
      auto const fire = [&](timer_entry& e) {
        auto& x = static_cast<sleeper&>(e);
        if (e.deadline > now || !x.asleep.exchange(false)) ++wrong;
        ++woken;
        sleep_on(mine, x, now + below(random, random() % 4 == 0 ? 500 * tick : 3 * tick) - tick);
      };
      mine.run(now, fire);
      wheels[1 - self].try_run(now, fire);
    }
  };
  std::thread other(play, 1);
  play(0);
  other.join();
  CHECK(woken == sleeps);
  CHECK(wrong == 0);
  for (timer_wheel& w : wheels) CHECK(w.next() == no_deadline);
}
