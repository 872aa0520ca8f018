// condition_variable: the lock is held again however a wait ends; no notification is lost.
#include <weft/condition_variable.hpp>
#include <weft/mutex.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

#include "tests/sync/crowd.hpp"
#include "tests/sync/waiting.hpp"

using namespace shapes;
using namespace waiting;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

static_assert(!std::is_copy_constructible_v<weft::condition_variable>);

namespace {

// A lock of one's own that suspends in both of its functions.
struct slow_lock {
  weft::mutex m;
  bool held = false;
  void lock() {
    this_task::yield();
    m.lock();
    held = true;
  }
  void unlock() {
    held = false;
    m.unlock();
    weft::mutex other;
    other.lock();
    (void)other.try_lock_for(20us);  // a wait of its own, while the condition's has begun
  }
};

struct lock_that_refuses {
  void lock() {}
  void unlock() { throw std::runtime_error("no"); }
};

// Waiting in c.wait(), with the lock given back.
template <class C, class M, class F>
auto spawn_in_wait(C&, M& m, F&& f) {
  auto t = spawn_waiting(std::forward<F>(f));
  std::lock_guard const guard{m};
  return t;
}

}  // namespace

TEST_CASE("CV01 wait without the lock held is an error where it can be seen; notify without it is none") {
  everywhere([] {
    weft::mutex m;
    weft::condition_variable c;
    std::unique_lock u(m, std::defer_lock);
    CHECK_THROWS_AS(c.wait(u), weft::invalid_state_error);
    CHECK_THROWS_AS((void)c.wait_for(u, 1s), weft::invalid_state_error);
    CHECK_THROWS_AS(c.wait(u, [] { return false; }), weft::invalid_state_error);
    CHECK_THROWS_AS(c.wait(m), weft::invalid_state_error);
    CHECK(m.try_lock());
    m.unlock();
    std::unique_lock<weft::mutex> none;
    CHECK_THROWS_AS(c.wait(none), weft::invalid_state_error);
    c.notify_one();
    c.notify_all();
    lock_that_refuses refuses;
    CHECK(message_of<std::runtime_error>([&] { c.wait(refuses); }) == "no");
    auto const t = spawn_waiting([&] {
      std::unique_lock held(m);
      c.wait(held);
    });
    c.notify_one();  // to the one who waits: those whose wait has failed are not in line
    t.get();
  });
}

TEST_CASE_TEMPLATE("CV02 notified, cancelled or late: the lock is held again", M, weft::mutex, weft::fair_mutex) {
  everywhere([] {
    M m;
    weft::condition_variable c;
    for (int how = 0; how != 3; ++how) {
      bool held = false;
      auto const t = spawn_waiting([&] {
        std::unique_lock u(m);
        try {
          auto const s = c.wait_for(u, how == 2 ? weft::deadline(2ms) : weft::deadline(weft::never));
          CHECK(s == (how == 2 ? std::cv_status::timeout : std::cv_status::no_timeout));
          CHECK(static_cast<bool>(s) == (how == 0));
        } catch (weft::cancelled const&) {
          CHECK(how == 1);
          held = u.owns_lock() && !m.try_lock();
          throw;
        }
        held = u.owns_lock() && !m.try_lock();
      });
      if (how == 0) c.notify_one();
      if (how == 1) (void)t.cancel();
      t.wait();
      CHECK(held);
      CHECK(t.cancelled() == (how == 1));
      CHECK(m.try_lock());
      m.unlock();
    }
  });
}

TEST_CASE_TEMPLATE("CV02 CV03 cancelled while it waits for the lock: the lock first, then the cancellation", M,
                   weft::mutex, weft::fair_mutex) {
  everywhere([] {
    M m;
    weft::condition_variable c;
    bool held = false;
    auto const t = spawn_in_wait(c, m, [&] {
      std::unique_lock u(m);
      auto const what = message_of<weft::cancelled>([&] { c.wait(u); });
      CHECK(what == "first");
      held = u.owns_lock();
    });
    m.lock();
    (void)t.cancel("first");
    for (int i = 0; i != 20; ++i) this_task::yield();
    CHECK_FALSE(t.done());
    CHECK_FALSE(held);
    m.unlock();
    t.get();
    CHECK(held);
  });
}

TEST_CASE_TEMPLATE("CV03 notified, then cancelled while it waits for the lock: it returns, the request stays pending", M,
                   weft::mutex, weft::fair_mutex) {
  everywhere([] {
    M m;
    weft::condition_variable c;
    bool returned = false;
    auto const t = spawn_in_wait(c, m, [&] {
      std::unique_lock u(m);
      c.wait(u);
      returned = u.owns_lock();
      this_task::checkpoint();
    });
    m.lock();
    c.notify_one();
    (void)t.cancel();
    for (int i = 0; i != 20; ++i) this_task::yield();
    CHECK_FALSE(t.done());
    m.unlock();
    t.wait();
    CHECK(returned);
    CHECK(t.cancelled());
  });
}

TEST_CASE("CV04 a notification and a cancellation at the same moment: it is not lost") {
  for (bool const at_once : {true, false}) {
    everywhere([at_once] {
      for (int round = 0; round != 30; ++round) {
        weft::mutex m;
        weft::condition_variable c;
        int woken = 0;
        auto const waits = [&] {
          std::unique_lock u(m);
          c.wait(u);
          ++woken;
        };
        auto const first = spawn_in_wait(c, m, waits);
        auto const second = spawn_in_wait(c, m, waits);
        if (at_once) {
          c.notify_one();
          (void)first.cancel();
        } else {
          auto const cancels = weft::spawn([&first] { first.cancel(); });
          c.notify_one();
          cancels.get();
        }
        first.wait();
        if (first.cancelled()) {
          second.get();
        } else {
          CHECK(ends_cancelled(second));
        }
        CHECK(woken == 1);
      }
    });
  }
}

TEST_CASE("CV04 notified, then not waiting after all: who could not give the lock back passes it on") {
  everywhere([] {
    weft::fair_mutex m;
    weft::condition_variable c;
    weft::task<> next;
    struct notifies_and_refuses {
      std::function<void()> first;
      void lock() {}
      void unlock() {
        first();
        throw std::runtime_error("no");
      }
    } refuses{[&] {
      next = spawn_in_wait(c, m, [&] {
        std::unique_lock u(m);
        c.wait(u);
      });
      c.notify_one();
    }};
    CHECK(message_of<std::runtime_error>([&] { c.wait(refuses); }) == "no");
    next.get();
  });
}

TEST_CASE("storm CV04 notified while it gives up: it returns, or the next one gets it") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(5'000, 100'000);
  for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    storm::dice roll(seed);
    for (std::uint64_t i = 0; i != n; ++i) {
      weft::mutex m;
      weft::condition_variable c;
      auto const waits = [&] {
        std::atomic<bool> locked{false};
        auto t = rt.spawn([&] {
          std::unique_lock u(m);
          locked = true;
          c.wait(u);
        });
        until([&] { return locked.load(); });
        std::lock_guard const in_line{m};
        return t;
      };
      auto const first = waits();
      auto const second = waits();
      first.cancel();
      crowd::a_moment_later(roll);
      c.notify_one();
      first.wait();
      if (!first.cancelled()) c.notify_one();
      second.get();
    }
  });
}

TEST_CASE("CV05 notify wakes in the order of coming, one each; more than wait is fine; notify_all wakes all") {
  everywhere([] {
    weft::fair_mutex m;
    weft::condition_variable c;
    std::vector<int> order;
    std::vector<weft::task<>> all;
    auto const add = [&](int i) {
      all.push_back(spawn_in_wait(c, m, [&, i] {
        std::unique_lock u(m);
        c.wait(u);
        order.push_back(i);
      }));
    };
    for (int i = 0; i != 5; ++i) add(i);
    for (std::size_t i = 0; i != 2; ++i) {
      c.notify_one();
      all[i].get();
    }
    CHECK(order == std::vector{0, 1});
    for (std::size_t i : {2u, 3u, 4u}) CHECK_FALSE(all[i].done());
    for (int i = 0; i != 7; ++i) c.notify_one();
    for (auto& t : all) t.get();
    CHECK(order.size() == 5);
    all.clear();
    for (int i = 5; i != 9; ++i) add(i);
    c.notify_all();
    for (auto& t : all) t.get();
    CHECK(order.size() == 9);
  });
}

TEST_CASE("CV06 with a predicate: until it is true; its value; true already: at once, even without the lock") {
  everywhere([] {
    weft::mutex m;
    weft::condition_variable c;
    int value = 0;
    std::unique_lock unlocked(m, std::defer_lock);
    c.wait(unlocked, [] { return true; });
    CHECK(c.wait_for(unlocked, 1s, [] { return true; }));
    CHECK(c.wait_until(unlocked, weft::never, [] { return true; }));
    auto const waits = spawn_in_wait(c, m, [&] {
      std::unique_lock u(m);
      c.wait(u, [&] { return value == 3; });
      return value;
    });
    auto const timed = spawn_in_wait(c, m, [&] {
      std::unique_lock u(m);
      return c.wait_for(u, 1h, [&] { return value >= 3; });
    });
    for (int i = 1; i != 4; ++i) {
      {
        std::lock_guard const guard{m};
        value = i;
      }
      c.notify_all();
      this_task::yield();
    }
    CHECK(waits.get() == 3);
    CHECK(timed.get());
    std::unique_lock u(m);
    auto const limit = weft::clock::now() + 300us;
    CHECK_FALSE(c.wait_until(u, limit, [] { return false; }));
    CHECK(weft::clock::now() >= limit);
    CHECK_FALSE(c.wait_for(u, -1s));
    CHECK(u.owns_lock());
    CHECK_THROWS_AS(c.wait(u, []() -> bool { throw std::runtime_error("x"); }), std::runtime_error);
    CHECK(u.owns_lock());
  });
}

TEST_CASE("CV07 any lock: a mutex itself, std::unique_lock of std::mutex, one's own that suspends") {
  everywhere([] {
    weft::condition_variable c;
    weft::mutex m;
    auto const direct = spawn_in_wait(c, m, [&] {
      m.lock();
      c.wait(m);
      m.unlock();
    });
    c.notify_one();
    direct.get();
    slow_lock own;
    bool ready = false;
    auto const slow = weft::spawn([&] {
      std::lock_guard const guard{own};
      while (!ready) c.wait(own);
      CHECK(own.held);
    });
    {
      std::lock_guard const guard{own};
      ready = true;
    }
    c.notify_one();
    slow.get();
  });
  std::mutex plain;
  weft::condition_variable c;
  int turn = 0;
  auto const take_turns = [&](int mine) {
    for (int i = 0; i != 100; ++i) {
      std::unique_lock u(plain);
      c.wait(u, [&] { return turn % 2 == mine; });
      ++turn;
      c.notify_all();
    }
  };
  std::thread other([&] { take_turns(1); });
  take_turns(0);
  other.join();
  CHECK(turn == 200);
}

TEST_CASE("CV01 C05 wait is a checkpoint before it gives the lock back") {
  everywhere([] {
    weft::mutex m;
    weft::condition_variable c;
    weft::spawn([&] {
      std::unique_lock u(m);
      (void)this_task::self().cancel("now");
      c.notify_one();
      CHECK(message_of<weft::cancelled>([&] { c.wait(u); }) == "now");
      CHECK(u.owns_lock());
      (void)this_task::self().cancel("also with a predicate");
      CHECK_THROWS_AS(c.wait(u, [] { return true; }), weft::cancelled);
      CHECK(u.owns_lock());
      CHECK(c.wait_for(u, 10us) == std::cv_status::timeout);
    }).get();
  });
}

TEST_CASE("storm CV04 a queue of conditions: every item arrives once, takers are cancelled and late at random") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(20'000, 1'000'000);
  for_each_worker_count([&](unsigned workers) {
    weft::mutex m;
    weft::condition_variable filled;
    std::deque<std::uint64_t> items;
    std::atomic<std::uint64_t> taken{0};
    auto const take = [&](std::uint64_t k) {
      std::unique_lock u(m);
      auto const there = [&] { return !items.empty(); };
      if (k % 3 == 0) {
        if (!filled.wait_for(u, std::chrono::microseconds(k % 50), there)) return;
      } else {
        filled.wait(u, there);
      }
      taken += items.front();
      items.pop_front();
    };
    auto const put = [&](std::uint64_t k) {
      {
        std::lock_guard const guard{m};
        items.push_back(k);
      }
      filled.notify_one();  // one for each: with one lost, a taker without a time-out would wait for ever
    };
    {
      weft::runtime one({.workers = workers}), two({.workers = workers});
      std::atomic<bool> all_put{false};
      auto const takers = one.spawn([&] {
        storm::dice roll(seed);
        while (!all_put || [&] {
          std::lock_guard const guard{m};
          return !items.empty();
        }()) {
          std::vector<weft::task<>> some;
          for (int i = 0; i != 10; ++i) some.push_back(weft::spawn([&take, k = roll.below(1000)] { take(k); }));
          for (auto& t : some) {
            if (roll.below(2) == 0) this_task::yield();
            if (roll.below(3) == 0) t.cancel();
          }
          std::size_t ended = 0;
          while (ended != some.size() && !(all_put && taken == n * (n + 1))) {
            this_task::yield();
            ended = 0;
            for (auto& t : some) ended += t.done() ? 1 : 0;
          }
          for (auto& t : some) t.cancel();
          for (auto& t : some) t.wait();
        }
      });
      auto const puts = two.spawn([&] {
        for (std::uint64_t i = 1; i <= n; ++i) put(i);
      });
      storm::stampede(1, [&](unsigned) {
        for (std::uint64_t i = 1; i <= n; ++i) put(i);
      });
      puts.get();
      all_put = true;
      takers.get();
    }
    CHECK(taken == n * (n + 1));
    CHECK(items.empty());
  });
}
