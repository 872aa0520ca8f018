// queue: task_done and join, close and close_now, items that are on their way meanwhile, items that break.
#include <weft/queue.hpp>

#include <chrono>
#include <stdexcept>
#include <vector>

#include "tests/sync/items.hpp"
#include "tests/sync/waiting.hpp"

using namespace items;
using namespace shapes;
using namespace waiting;
using namespace std::chrono_literals;

TEST_CASE("Q13 task_done more often than there were items is an error") {
  everywhere([] {
    weft::queue<int> q;
    CHECK_THROWS_AS(q.task_done(), weft::invalid_state_error);
    q.put(1);
    (void)q.get();
    q.task_done();
    CHECK_THROWS_AS(q.task_done(), weft::invalid_state_error);
  });
}

TEST_CASE("Q14 join waits until every item put has been marked done") {
  everywhere([] {
    weft::queue<int> q;
    std::vector<weft::task<>> consumers;
    int sum = 0;
    weft::queue<int> sums;
    for (int i = 0; i != 2; ++i) {
      consumers.push_back(weft::spawn([&] {
        for (;;) {
          int const item = q.get();
          sums.put(item);
          q.task_done();
        }
      }));
    }
    for (int i = 0; i != 100; ++i) q.put(i);
    q.join();
    CHECK(sums.size() == 100);
    while (auto const n = sums.try_get()) sum += *n;
    CHECK(sum == 99 * 50);
    for (auto& c : consumers) CHECK(ends_cancelled(c));
    q.join();
  });
}

TEST_CASE(
    "Q14 join of a queue with nothing unfinished returns at once, repeatedly; else it waits, all together") {
  everywhere([] {
    weft::queue<int> q;
    q.join();
    q.join();
    CHECK(q.join_for(0s));
    q.put(1);
    q.put(2);
    CHECK_FALSE(q.join_for(0s));
    CHECK_FALSE(q.join_until(weft::clock::now() + 100us));
    std::vector<weft::task<>> all;
    for (int i = 0; i != 3; ++i) all.push_back(spawn_waiting([&q] { q.join(); }));
    CHECK(ends_cancelled(all[1]));
    (void)q.get();
    q.task_done();
    CHECK_FALSE(all[0].done());
    q.task_done();
    q.put(3);  // takes back from nobody that it was finished once
    all[0].get();
    all[2].get();
    CHECK_FALSE(q.join_for(0s));
    q.task_done();
    q.join();
  });
}

TEST_CASE_TEMPLATE("Q15 close: later and waiting puts throw closed_error, and keep their value", T, int,
                   thing) {
  everywhere([] {
    weft::queue<T> q(1);
    q.put(T(0));
    T kept(1);
    auto const waits = spawn_waiting([&] { q.put(std::move(kept)); });
    auto const timed = spawn_waiting([&] { return q.try_put_for(T(2), 1h); });
    CHECK_FALSE(q.closed());
    q.close();
    CHECK(q.closed());
    CHECK_THROWS_AS(waits.get(), weft::closed_error);
    CHECK(value(kept) == 1);
    CHECK_FALSE(timed.get());
    CHECK_THROWS_AS(q.put(std::move(kept)), weft::closed_error);
    CHECK_FALSE(q.try_put(std::move(kept)));
    CHECK_FALSE(q.try_put_for(std::move(kept), 1h));
    CHECK(value(kept) == 1);
    CHECK(value(q.get()) == 0);
    CHECK_THROWS_AS(q.put(std::move(kept)), weft::closed_error);
  });
}

TEST_CASE_TEMPLATE("Q15 close: gets drain what is left, then throw closed_error; waiting ones at once", T,
                   int, thing) {
  everywhere([] {
    weft::queue<T> q;
    for (int i = 0; i != 3; ++i) q.put(T(i));
    q.close();
    CHECK(value(q.get()) == 0);
    CHECK(value(*q.try_get()) == 1);
    CHECK(value(*q.try_get_for(1h)) == 2);
    CHECK_THROWS_AS((void)q.get(), weft::closed_error);
    CHECK_FALSE(q.try_get().has_value());
    CHECK_FALSE(q.try_get_for(1h).has_value());
    weft::queue<T> empty;
    auto const waits = spawn_waiting([&empty] { return value(empty.get()); });
    auto const timed = spawn_waiting([&empty] { return empty.try_get_for(1h).has_value(); });
    empty.close();
    CHECK_THROWS_AS((void)waits.get(), weft::closed_error);
    CHECK_FALSE(timed.get());
  });
}

TEST_CASE_TEMPLATE(
    "Q16 close_now drops what is queued and counts it as done; items taken are still to be done", T, int,
    thing) {
  everywhere([] {
    weft::queue<T> q(4);
    for (int i = 0; i != 4; ++i) q.put(T(i));
    CHECK(value(q.get()) == 0);
    q.put(T(4));
    auto const puts = spawn_waiting([&q] { q.put(T(5)); });
    auto const joins = spawn_waiting([&q] { q.join(); });
    q.close_now();
    CHECK(q.closed());
    CHECK(q.empty());
    CHECK_FALSE(q.full());
    CHECK_THROWS_AS(puts.get(), weft::closed_error);
    CHECK_THROWS_AS((void)q.get(), weft::closed_error);
    CHECK_FALSE(q.try_get().has_value());
    CHECK_FALSE(joins.done());
    q.task_done();
    joins.get();
    CHECK_THROWS_AS(q.task_done(), weft::invalid_state_error);
  });
  CHECK(thing::alive == 0);
}

TEST_CASE_TEMPLATE(
    "Q16 close_now releases those who join, if nothing is being worked on, and waiting getters", T, int,
    thing) {
  everywhere([] {
    weft::queue<T> q;
    for (int i = 0; i != 4; ++i) q.put(T(i));
    auto const joins = spawn_waiting([&q] { q.join(); });
    q.close_now();
    joins.get();
    weft::queue<T> empty;
    auto const gets = spawn_waiting([&empty] { (void)empty.get(); });
    empty.close_now();
    CHECK_THROWS_AS(gets.get(), weft::closed_error);
  });
}

TEST_CASE("Q17 closing is idempotent, close_now after close drops the rest; task_done and join stay usable") {
  everywhere([] {
    weft::queue<thing> q;
    for (int i = 0; i != 3; ++i) q.put(thing(i));
    q.close();
    q.close();
    CHECK(q.get().value() == 0);
    CHECK(q.size() == 2);
    CHECK_FALSE(q.join_for(0s));
    q.close_now();
    q.close_now();
    q.close();
    CHECK(q.empty());
    CHECK(q.closed());
    CHECK_FALSE(q.join_for(0s));
    q.task_done();
    q.join();
    CHECK_THROWS_AS(q.put(thing(1)), weft::closed_error);
  });
  CHECK(thing::alive == 0);
}

TEST_CASE("Q15 a put that has its place when close() comes ends normally, and gets wait for its item") {
  everywhere([] {
    weft::promise<> arrived, go;
    auto const at = arrived.get_future();
    weft::queue<slow> q(1);
    auto const puts = weft::spawn([&] {
      slow s(5);
      s.at = &arrived;
      s.go = go.get_future();
      q.put(std::move(s));
    });
    at.wait();
    CHECK(q.full());
    CHECK(q.empty());
    auto const gets = spawn_waiting([&q] { return q.get().value; });
    q.close();
    auto const more = spawn_waiting([&q] { return q.get().value; });
    CHECK_FALSE(gets.done());
    go.set_value();
    puts.get();
    CHECK(gets.get() == 5);
    CHECK_THROWS_AS((void)more.get(), weft::closed_error);
    CHECK_THROWS_AS((void)q.get(), weft::closed_error);
  });
}

TEST_CASE("Q16 a put that has its place when close_now() comes: its item is dropped as the others") {
  everywhere([] {
    weft::promise<> arrived, go;
    auto const at = arrived.get_future();
    weft::queue<slow> q(1);
    auto const puts = weft::spawn([&] {
      slow s(5);
      s.at = &arrived;
      s.go = go.get_future();
      q.put(std::move(s));
    });
    at.wait();
    auto const gets = spawn_waiting([&q] { return q.get().value; });
    q.close_now();
    CHECK_THROWS_AS((void)gets.get(), weft::closed_error);
    q.join();
    go.set_value();
    puts.get();
    CHECK(q.empty());
    CHECK_FALSE(q.try_get().has_value());
    q.join();
  });
}

TEST_CASE("Q04 others pass an item that is on its way: they came in first") {
  everywhere([] {
    weft::promise<> arrived, go;
    auto const at = arrived.get_future();
    weft::queue<slow> q;
    auto const puts = weft::spawn([&] {
      slow s(1);
      s.at = &arrived;
      s.go = go.get_future();
      q.put(std::move(s));
    });
    at.wait();
    q.put(slow(2));
    CHECK(q.get().value == 2);
    go.set_value();
    CHECK(q.get().value == 1);
    puts.get();
  });
}

TEST_CASE("Q08 an item that throws when it is moved in was not put; its place goes to the next") {
  everywhere([] {
    weft::queue<brittle> q(1);
    CHECK_THROWS_AS(q.put(brittle(1, 0)), std::domain_error);
    CHECK_THROWS_AS((void)q.try_put(brittle(1, 0)), std::domain_error);
    CHECK(q.empty());
    CHECK_FALSE(q.full());
    q.join();
    q.put(brittle(2, 9));
    auto const breaks = spawn_waiting([&q] { q.put(brittle(3, 0)); });
    auto const next = spawn_waiting([&q] { q.put(brittle(4, 9)); });
    CHECK(q.get().value == 2);
    CHECK_THROWS_AS(breaks.get(), std::domain_error);
    next.get();
    CHECK(q.get().value == 4);
  });
}

TEST_CASE("Q08 Q15 nothing is waited for after an item that threw when it was moved in: closed, the queue is drained") {
  everywhere([] {
    weft::queue<brittle> q(1);
    CHECK_THROWS_AS(q.put(brittle(1, 0)), std::domain_error);
    auto const gets = spawn_waiting([&q] { (void)q.get(); });
    q.close();
    CHECK_THROWS_AS(gets.get(), weft::closed_error);
    CHECK_THROWS_AS((void)q.get(), weft::closed_error);
  });
}

TEST_CASE("Q06 an item that throws when it is moved out is lost, and counts as done; nothing else is") {
  everywhere([] {
    weft::queue<brittle> q(2);
    q.put(brittle(1, 1));
    q.put(brittle(2, 9));
    CHECK_THROWS_AS((void)q.get(), std::domain_error);
    CHECK(q.size() == 1);
    CHECK(q.try_get()->value == 2);
    CHECK_FALSE(q.join_for(0s));
    q.task_done();
    q.join();
  });
}
