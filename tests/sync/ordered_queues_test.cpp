// lifo_queue and priority_queue: their order, and what Less may do. All else they share with queue: queue_test.cpp.
#include <weft/lifo_queue.hpp>
#include <weft/priority_queue.hpp>
#include <weft/select.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/storm.hpp"
#include "tests/sync/items.hpp"
#include "tests/sync/waiting.hpp"

using namespace items;
using namespace shapes;
using namespace waiting;
using namespace std::chrono_literals;

namespace {

struct by_number {
  bool operator()(thing const& a, thing const& b) const { return a.value() < b.value(); }
};

// What basic_queue promises for any order.
template <class Q, class Make>
void behaves_as_a_queue(Make make) {
  Q q(2);
  CHECK(q.maxsize() == 2);
  auto const gets = spawn_waiting([&q] { return q.get(); });
  q.put(make(7));
  CHECK(value(gets.get()) == 7);
  q.put(make(1));
  CHECK(q.try_put(make(1)));
  CHECK(q.full());
  CHECK_FALSE(q.try_put(make(3)));
  CHECK_FALSE(q.try_put_for(make(3), 100us));
  auto const cancelled = spawn_waiting([&] { q.put(make(8)); });
  auto const puts = spawn_waiting([&] { q.put(make(1)); });
  CHECK(ends_cancelled(cancelled));
  CHECK(value(*q.try_get()) == 1);
  puts.get();
  CHECK(q.size() == 2);
  CHECK(value(*q.try_get_for(1h)) == 1);
  int got = 0;
  CHECK(weft::select(weft::on_get(q, [&](auto v) { got = value(v); }), weft::after(1h, [] {})) == 0);
  CHECK(got == 1);
  CHECK(weft::select(weft::on_put(q, make(4), [] {})) == 0);
  CHECK_FALSE(q.join_for(0s));
  q.close();
  CHECK_THROWS_AS(q.put(make(1)), weft::closed_error);
  CHECK(value(q.get()) == 4);
  CHECK_THROWS_AS((void)q.get(), weft::closed_error);
  for (int i = 0; i != 5; ++i) q.task_done();
  q.join();
  CHECK_THROWS_AS(q.task_done(), weft::invalid_state_error);
  Q dropped;
  for (int i = 0; i != 100; ++i) dropped.put(make(i * 37 % 100));
  dropped.close_now();
  CHECK(dropped.empty());
  dropped.join();
}

// (urgency, when it came)
struct job {
  int urgency;
  int came;
};
struct more_urgent {
  bool operator()(job const& a, job const& b) const { return a.urgency < b.urgency; }
};

// Throws at the next comparison, if told to.
struct moody {
  int const* tries_left;
  template <class T>
  bool operator()(T const& a, T const& b) const {
    if ((*const_cast<int*>(tries_left))-- == 0) throw std::domain_error("not now");
    return value(a) < value(b);
  }
};

}  // namespace

TEST_CASE("Q02 Q03 Q08 Q13 Q15 Q16 lifo_queue and priority_queue are queues") {
  everywhere([] {
    auto const num = [](int i) { return i; };
    auto const obj = [](int i) { return thing(i); };
    behaves_as_a_queue<weft::lifo_queue<int>>(num);
    behaves_as_a_queue<weft::lifo_queue<thing>>(obj);
    behaves_as_a_queue<weft::priority_queue<int>>(num);
    behaves_as_a_queue<weft::priority_queue<thing, by_number>>(obj);
  });
  CHECK(thing::alive == 0);
}

TEST_CASE_TEMPLATE("Q04 lifo_queue: last in, first out", T, int, thing) {
  everywhere([] {
    weft::lifo_queue<T> q;
    for (int i = 0; i != 100; ++i) q.put(T(i));
    for (int i = 100; i-- != 50;) CHECK(value(q.get()) == i);
    q.put(T(100));
    CHECK(value(q.get()) == 100);
    for (int i = 50; i-- != 0;) CHECK(value(q.get()) == i);
    CHECK(q.empty());
  });
}

TEST_CASE("Q04 priority_queue: the smallest first, equal ones first in, first out") {
  everywhere([] {
    weft::priority_queue<int> q;
    for (int const i : {3, 1, 2}) q.put(i);
    for (int i = 1; i != 4; ++i) CHECK(q.get() == i);
    weft::priority_queue<std::string, std::greater<>> largest;
    for (char const* s : {"b", "c", "a"}) largest.put(s);
    for (char const* s : {"c", "b", "a"}) CHECK(largest.get() == s);
    weft::priority_queue<job, more_urgent> jobs;
    storm::dice roll(1);
    for (int i = 0; i != 300; ++i) jobs.put(job{static_cast<int>(roll.below(5)), i});
    job last{-1, -1};
    for (int i = 0; i != 300; ++i) {
      job const j = jobs.get();
      CHECK((j.urgency > last.urgency || (j.urgency == last.urgency && j.came > last.came)));
      last = j;
    }
  });
}

TEST_CASE("Q04 priority_queue agrees with a sorted list, whatever the order of puts and gets") {
  auto const seed = storm::seed();
  for (std::uint64_t round = 0; round != storm::rounds(200, 20'000); ++round) {
    storm::dice roll(seed + round);
    weft::priority_queue<job, more_urgent> q;
    std::vector<job> model;
    int came = 0, wrong = 0;
    auto const range = 1 + roll.below(100);
    for (auto n = roll.below(400); n != 0; --n) {
      if (roll.below(5) < 3) {
        job const j{static_cast<int>(roll.below(range)), came++};
        CHECK(q.try_put(j));
        model.insert(std::ranges::upper_bound(model, j, more_urgent()), j);
      } else {
        auto const j = q.try_get();
        if (j.has_value() == model.empty()) ++wrong;
        if (model.empty()) continue;
        if (!j || j->came != model.front().came) ++wrong;
        model.erase(model.begin());
      }
    }
    CHECK(wrong == 0);
    CHECK(q.size() == model.size());
  }
}

TEST_CASE("Q08 a Less that throws: nothing was put, nothing has changed, the place is free again") {
  everywhere([] {
    int tries_left = 1000;
    weft::priority_queue<int, moody> q(4, moody{&tries_left});
    for (int const i : {2, 1, 3}) q.put(i);
    tries_left = 0;
    CHECK_THROWS_AS(q.put(0), std::domain_error);
    tries_left = 0;
    CHECK_THROWS_AS((void)q.try_put(9), std::domain_error);
    CHECK(q.size() == 3);
    CHECK_FALSE(q.full());
    tries_left = 1000;
    q.put(4);
    for (int i = 1; i != 5; ++i) CHECK(q.get() == i);
    for (int i = 0; i != 4; ++i) q.task_done();
    q.join();

    // What can be given back is given back.
    struct shorter {
      bool throws = true;
      bool operator()(std::string const& a, std::string const& b) const {
        if (throws) throw std::domain_error("not now");
        return a.size() < b.size();
      }
    };
    weft::priority_queue<std::string, shorter> texts;
    texts.put("first");
    std::string kept(50, 'x');
    CHECK_THROWS_AS(texts.put(std::move(kept)), std::domain_error);
    CHECK(kept.size() == 50);
    CHECK(texts.get() == "first");
    weft::priority_queue<thing, moody> things(0, moody{&tries_left});
    things.put(thing(1));
    tries_left = 0;
    CHECK_THROWS_AS(things.put(thing(2)), std::domain_error);
    CHECK(things.get().value() == 1);
  });
  CHECK(thing::alive == 0);
}
