// queue: order, waiting on both sides, nothing lost by cancelling. Ending it: queue_close_test.cpp.
#include <weft/queue.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "tests/sync/items.hpp"
#include "tests/sync/waiting.hpp"

using namespace items;
using namespace shapes;
using namespace waiting;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

namespace {

template <class T>
concept copied_in = requires(weft::queue<T> q, T const v) {
  q.put(v);
};
static_assert(copied_in<std::string> && !copied_in<std::unique_ptr<int>>);
static_assert(!std::is_copy_constructible_v<weft::queue<int>> &&
              !std::is_move_constructible_v<weft::queue<int>>);
static_assert(std::is_same_v<weft::queue<int>::value_type, int>);

}  // namespace

TEST_CASE_TEMPLATE("Q01 a maxsize of 0 is unbounded: never full", T, int, thing) {
  everywhere([] {
    weft::queue<T> q;
    CHECK(q.maxsize() == 0);
    for (int i = 0; i != 3000; ++i) q.put(T(i));
    CHECK_FALSE(q.full());
    CHECK(q.size() == 3000);
    CHECK(q.try_put(T(3000)));
    for (int i = 0; i != 3001; ++i) REQUIRE(value(q.get()) == i);
    CHECK(q.empty());
    q.put(T(1));  // the memory of the many has gone, and there is some again
    CHECK(value(q.get()) == 1);
  });
}

TEST_CASE_TEMPLATE("Q01 Q02 put waits when it is full and goes on as room comes", T, int, thing) {
  everywhere([] {
    weft::queue<T> q(2);
    CHECK(q.maxsize() == 2);
    CHECK(q.empty());
    q.put(T(0));
    CHECK_FALSE(q.full());
    q.put(T(1));
    CHECK(q.full());
    CHECK(q.size() == 2);
    auto const puts = spawn_waiting([&q] { q.put(T(2)); });
    CHECK(q.size() == 2);
    CHECK(value(q.get()) == 0);
    puts.get();
    CHECK(q.full());
    CHECK(value(q.get()) == 1);
    CHECK(value(q.get()) == 2);
    CHECK(q.empty());
  });
}

TEST_CASE_TEMPLATE("Q02 get waits when it is empty and goes on as items come", T, int, thing) {
  everywhere([] {
    weft::queue<T> q(1);
    auto const gets = spawn_waiting([&q] { return value(q.get()); });
    q.put(T(7));
    CHECK(gets.get() == 7);
    CHECK(q.empty());
    CHECK_FALSE(q.full());
    CHECK(q.try_put(T(8)));
  });
}

TEST_CASE_TEMPLATE("Q03 try_put and try_get say whether they did, and do not wait", T, int, thing) {
  everywhere([] {
    weft::queue<T> q(1);
    CHECK_FALSE(q.try_get().has_value());
    CHECK(q.try_put(T(1)));
    T kept(2);
    CHECK_FALSE(q.try_put(std::move(kept)));
    CHECK(value(kept) == 2);  // moved from only on success
    CHECK(value(*q.try_get()) == 1);
    CHECK(q.try_put(std::move(kept)));
    CHECK(value(*q.try_get()) == 2);
  });
}

TEST_CASE_TEMPLATE("Q03 the timed forms: in time or late, never early", T, int, thing) {
  everywhere([] {
    weft::queue<T> q(1);
    CHECK_FALSE(q.try_get_for(0s).has_value());
    auto until = weft::clock::now() + 200us;
    CHECK_FALSE(q.try_get_until(until).has_value());
    CHECK(weft::clock::now() >= until);
    CHECK(q.try_put_for(T(1), 0s));
    T kept(2);
    CHECK_FALSE(q.try_put_for(std::move(kept), -1s));
    until = weft::clock::now() + 200us;
    CHECK_FALSE(q.try_put_until(std::move(kept), until));
    CHECK(weft::clock::now() >= until);
    CHECK(value(kept) == 2);
    auto const puts = spawn_waiting([&] { return q.try_put_for(std::move(kept), 1h); });
    CHECK(value(*q.try_get_for(0s)) == 1);
    CHECK(puts.get());
    CHECK(value(*q.try_get_until(weft::never)) == 2);
    auto const gets = spawn_waiting([&] { return value(q.try_get_for(std::chrono::hours::max()).value()); });
    q.put(T(3));
    CHECK(gets.get() == 3);
  });
}

TEST_CASE_TEMPLATE("Q04 first in, first out; of each producer, whoever consumes", T, int, thing) {
  for_each_worker_count([](unsigned workers) {
    run_on(workers, [] {
      weft::queue<T> q(3);
      std::vector<weft::task<>> producers;
      for (int p = 0; p != 3; ++p) {
        producers.push_back(weft::spawn([&q, p] {
          for (int i = 0; i != 200; ++i) q.put(T(p * 1000 + i));
        }));
      }
      int next[3] = {};
      for (int i = 0; i != 600; ++i) {
        int const n = value(q.get());
        REQUIRE(n % 1000 == next[n / 1000]);
        ++next[n / 1000];
      }
      for (auto& p : producers) p.get();
      CHECK(q.empty());
    });
  });
}

TEST_CASE_TEMPLATE("Q05 waiting consumers are served in the order in which they came", T, int, thing) {
  everywhere([] {
    weft::queue<T> q;
    std::vector<weft::task<int>> all;
    for (int i = 0; i != 5; ++i) all.push_back(spawn_waiting([&q] { return value(q.get()); }));
    for (int i = 0; i != 5; ++i) q.put(T(i));
    CHECK_FALSE(q.try_get().has_value());  // they are handed over already
    for (int i = 0; i != 5; ++i) CHECK(all[static_cast<std::size_t>(i)].get() == i);
  });
}

TEST_CASE_TEMPLATE(
    "Q05 waiting producers are served in the order in which they came; a newcomer does not pass", T, int,
    thing) {
  everywhere([] {
    weft::queue<T> q(1);
    q.put(T(0));
    std::vector<weft::task<>> all;
    for (int i = 1; i != 5; ++i) all.push_back(spawn_waiting([&q, i] { q.put(T(i)); }));
    for (int i = 0; i != 4; ++i) {
      CHECK(value(q.get()) == i);
      CHECK_FALSE(q.try_put(T(99)));  // the place that came free is the next producer's
      all[static_cast<std::size_t>(i)].get();
    }
    CHECK(value(q.get()) == 4);
    CHECK(q.try_put(T(5)));
  });
}

TEST_CASE_TEMPLATE("Q06 a cancelled getter loses no item", T, int, thing) {
  everywhere([] {
    weft::queue<T> q;
    std::vector<weft::task<int>> all;
    for (int i = 0; i != 4; ++i) all.push_back(spawn_waiting([&q] { return value(q.get()); }));
    for (std::size_t i : {0u, 3u, 1u}) CHECK(ends_cancelled(all[i]));
    for (int i = 0; i != 3; ++i) q.put(T(i));
    CHECK(all[2].get() == 0);
    CHECK(value(q.get()) == 1);
    CHECK(value(q.get()) == 2);
    CHECK(q.empty());
  });
}

TEST_CASE_TEMPLATE("Q06 granted is granted: the item handed over is returned, the request comes later", T,
                   int, thing) {
  everywhere([] {
    weft::queue<T> q;
    int got = -1;
    auto const t = spawn_waiting([&] {
      got = value(q.get());
      (void)q.get();
    });
    q.put(T(1));
    (void)t.cancel();
    t.wait();
    CHECK(got == 1);
    CHECK(t.cancelled());
    CHECK(q.empty());
  });
}

TEST_CASE("Q07 Q10 cancel against put: the item is the getter's, else the next one's") {
  for_each_worker_count([](unsigned workers) {
    run_on(workers, [] {
      for (int round = 0; round != 300; ++round) {
        weft::queue<thing> q;
        auto const first = spawn_waiting([&q] { return q.get().value(); });
        auto const second = weft::spawn([&q] { return q.get().value(); });
        auto const puts = weft::spawn([&q, round] { q.put(thing(round)); });
        auto const cancels = weft::spawn([&first] { first.cancel(); });
        puts.get();
        cancels.get();
        first.wait();
        if (first.cancelled()) {
          CHECK(second.get() == round);
        } else {
          CHECK(first.get() == round);
          CHECK(ends_cancelled(second));
        }
        CHECK(q.empty());
      }
    });
  });
  CHECK(thing::alive == 0);
}

TEST_CASE_TEMPLATE("Q08 a cancelled putter has not put and keeps its value; its turn goes to the next", T,
                   int, thing) {
  everywhere([] {
    weft::queue<T> q(1);
    q.put(T(0));
    T kept(1);
    auto const first = spawn_waiting([&] { q.put(std::move(kept)); });
    auto const second = spawn_waiting([&] { q.put(T(2)); });
    CHECK(ends_cancelled(first));
    CHECK(value(kept) == 1);
    CHECK(value(q.get()) == 0);
    second.get();
    CHECK(value(q.get()) == 2);
    CHECK(q.empty());
  });
}

TEST_CASE("Q08 cancel against get: the place is the putter's, else the next one's") {
  for_each_worker_count([](unsigned workers) {
    run_on(workers, [] {
      for (int round = 0; round != 300; ++round) {
        weft::queue<thing> q(1);
        q.put(thing(-5));
        thing one(1), two(2);
        auto const first = spawn_waiting([&] { q.put(std::move(one)); });
        auto const second = weft::spawn([&] { q.put(std::move(two)); });
        auto const gets = weft::spawn([&q] { CHECK(q.get().value() == -5); });
        auto const cancels = weft::spawn([&first] { first.cancel(); });
        gets.get();
        cancels.get();
        first.wait();
        CHECK(one.intact() == first.cancelled());
        if (!first.cancelled()) CHECK(q.get().value() == 1);
        second.get();
        CHECK(q.get().value() == 2);
        CHECK(q.empty());
      }
    });
  });
  CHECK(thing::alive == 0);
}

TEST_CASE("Q09 cancelled and late waiters leave no trace") {
  everywhere([] {
    weft::queue<int> q(1);
    for (int i = 0; i != 200; ++i) CHECK_FALSE(q.try_get_for(i % 2 == 0 ? 0ns : 1us).has_value());
    CHECK(q.try_put(1));
    for (int i = 0; i != 200; ++i) CHECK_FALSE(q.try_put_for(2, i % 2 == 0 ? 0ns : 1us));
    for (int i = 0; i != 20; ++i) {
      auto const t = spawn_waiting([&q] { q.put(3); });
      CHECK(ends_cancelled(t));
    }
    CHECK(q.get() == 1);
    CHECK(q.try_put(4));
    CHECK(q.get() == 4);
  });
}

TEST_CASE_TEMPLATE("Q11 draining by try_get wakes all putters that fit, filling by try_put all getters", T,
                   int, thing) {
  everywhere([] {
    weft::queue<T> q(2);
    q.put(T(0));
    q.put(T(1));
    std::vector<weft::task<>> putters;
    for (int i = 2; i != 4; ++i) putters.push_back(spawn_waiting([&q, i] { q.put(T(i)); }));
    CHECK(value(*q.try_get()) == 0);
    CHECK(value(*q.try_get()) == 1);
    for (auto& p : putters) p.get();
    CHECK(q.size() == 2);
    while (q.try_get().has_value()) {
    }
    std::vector<weft::task<int>> getters;
    for (int i = 0; i != 3; ++i) getters.push_back(spawn_waiting([&q] { return value(q.get()); }));
    for (int i = 0; i != 3; ++i) CHECK(q.try_put(T(i)));
    for (int i = 0; i != 3; ++i) CHECK(getters[static_cast<std::size_t>(i)].get() == i);
  });
}

TEST_CASE_TEMPLATE(
    "Q12 C05 put and get are checkpoints, also when they need not wait; the plain try_ forms are none", T,
    int, thing) {
  everywhere([] {
    weft::queue<T> q;
    auto const t = weft::spawn([&q] {
      (void)this_task::self().cancel("put");
      T kept(1);
      CHECK(q.try_put(T(0)));
      CHECK(message_of<weft::cancelled>([&] { q.put(std::move(kept)); }) == "put");
      CHECK(value(kept) == 1);
      CHECK(q.size() == 1);
      (void)this_task::self().cancel("get");
      CHECK(message_of<weft::cancelled>([&] { (void)q.get(); }) == "get");
      (void)this_task::self().cancel("in time");
      CHECK(message_of<weft::cancelled>([&] { (void)q.try_get_for(1s); }) == "in time");
      (void)this_task::self().cancel("join");
      CHECK(message_of<weft::cancelled>([&] { q.join(); }) == "join");
      (void)this_task::self().cancel("pending");
      CHECK(value(*q.try_get()) == 0);
      CHECK(message_of<weft::cancelled>([] { this_task::checkpoint(); }) == "pending");
    });
    t.get();
  });
}

TEST_CASE("Q01 what is left is destroyed with the queue; copies and large or over-aligned items") {
  {
    weft::queue<thing> q;
    for (int i = 0; i != 100; ++i) q.put(thing(i));
    CHECK(thing::alive == 100);
  }
  CHECK(thing::alive == 0);
  struct alignas(128) wide {
    std::uint64_t numbers[40];
  };
  weft::queue<wide> wides(20);
  std::string const text(100, 'x');
  weft::queue<std::string> strings;
  for (std::uint64_t i = 0; i != 20; ++i) {
    wides.put(wide{{i}});
    strings.put(text);
    CHECK(strings.try_put(text));
    CHECK(strings.try_put_for(text, 1s));
  }
  for (std::uint64_t i = 0; i != 20; ++i) CHECK(wides.get().numbers[0] == i);
  for (int i = 0; i != 60; ++i) CHECK(strings.get() == text);
}

TEST_CASE("Q02 L06 tasks of two runtimes and plain threads on both ends") {
  for_each_worker_count([](unsigned workers) {
    weft::queue<int> q(4);
    std::atomic<long> sum{0};
    auto const produce = [&q] {
      for (int i = 1; i <= 300; ++i) q.put(i);
    };
    auto const consume = [&] {
      try {
        for (;;) {
          sum += q.get();
          q.task_done();
        }
      } catch (weft::closed_error const&) {
      }
    };
    weft::runtime a({.workers = workers}), b({.workers = workers});
    std::vector<weft::task<>> producers, consumers;
    producers.push_back(a.spawn(produce));
    producers.push_back(b.spawn(produce));
    consumers.push_back(a.spawn(consume));
    consumers.push_back(b.spawn(consume));
    std::thread third(produce), fourth(consume);
    for (auto& t : producers) t.get();
    third.join();
    q.join();
    q.close();
    for (auto& t : consumers) t.get();
    fourth.join();
    CHECK(sum == 3 * 300 * 301 / 2);
  });
}

TEST_CASE("items that can be moved but not copied, however plain they are") {
  struct handle {
    explicit handle(int n) : fd(n) {}
    handle(handle&&) = default;
    handle& operator=(handle&&) = default;
    int fd;
  };
  static_assert(std::is_trivially_copyable_v<handle> && !std::is_copy_constructible_v<handle>);
  everywhere([] {
    weft::queue<handle> q(1);
    auto const producer = weft::spawn([&q] {
      for (int i = 0; i != 10; ++i) q.put(handle(i));
    });
    for (int i = 0; i != 10; ++i) CHECK((i % 2 == 0 ? q.get().fd : q.try_get_for(1h)->fd) == i);
    producer.get();
  });
}
