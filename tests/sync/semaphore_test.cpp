// semaphore: strictly first come first served, nothing lost, nothing doubled; bounded_semaphore. Users: permit_test.cpp.
#include <weft/semaphore.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "tests/sync/waiting.hpp"

using namespace shapes;
using namespace waiting;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

static_assert(!std::is_copy_constructible_v<weft::semaphore> &&
              !std::is_move_constructible_v<weft::semaphore>);
static_assert(!std::is_convertible_v<std::ptrdiff_t, weft::semaphore>);

TEST_CASE("SE01 a negative initial value is an error; 0 is allowed, and locked") {
  CHECK_THROWS_AS(weft::semaphore(-1), std::invalid_argument);
  CHECK_THROWS_AS(weft::semaphore(PTRDIFF_MAX), std::invalid_argument);
  CHECK_THROWS_AS(weft::bounded_semaphore(-1), std::invalid_argument);
  CHECK(weft::semaphore(weft::semaphore::max()).available() == weft::semaphore::max());
  everywhere([] {
    weft::semaphore s(0);
    CHECK(s.available() == 0);
    CHECK_FALSE(s.try_acquire());
    auto const t = spawn_waiting([&s] { s.acquire(); });
    s.release();
    t.get();
    CHECK(s.available() == 0);
  });
}

TEST_CASE(
    "SE01 a negative number of permits, or more than there can ever be, is an error and changes nothing") {
  everywhere([] {
    weft::semaphore s(2);
    weft::bounded_semaphore b(2);
    for (weft::semaphore* x : {&s, static_cast<weft::semaphore*>(&b)}) {
      CHECK_THROWS_AS(x->acquire(-1), std::invalid_argument);
      CHECK_THROWS_AS(x->release(-1), std::invalid_argument);
      CHECK_THROWS_AS((void)x->try_acquire(-1), std::invalid_argument);
      CHECK_THROWS_AS((void)x->try_acquire_for(1s, -1), std::invalid_argument);
      CHECK_THROWS_AS((void)x->try_acquire_until(weft::never, PTRDIFF_MIN), std::invalid_argument);
      CHECK_THROWS_AS(x->acquire(PTRDIFF_MAX), std::invalid_argument);
      CHECK(x->available() == 2);
    }
    CHECK_THROWS_AS(b.acquire(3), std::invalid_argument);
    CHECK_THROWS_AS((void)b.try_acquire_for(0s, 3), std::invalid_argument);
    CHECK_FALSE(b.try_acquire(3));
    CHECK_FALSE(b.try_acquire(PTRDIFF_MAX));
    CHECK_FALSE(weft::bounded_semaphore(0).try_acquire());
    CHECK_FALSE(s.try_acquire(3));
  });
}

TEST_CASE("SE02 those who wait are served in the order in which they came") {
  everywhere([] {
    weft::semaphore s(0);
    std::vector<weft::task<>> all;
    for (int i = 0; i != 6; ++i) all.push_back(spawn_waiting([&s] { s.acquire(); }));
    for (std::size_t i = 0; i != all.size(); ++i) {
      s.release();
      all[i].wait();
      for (std::size_t k = i + 1; k != all.size(); ++k) CHECK_FALSE(all[k].done());
    }
  });
}

TEST_CASE("SE02 a newcomer does not pass those who wait, though there are permits for him") {
  everywhere([] {
    weft::semaphore s(0);
    auto const wants_three = spawn_waiting([&s] { s.acquire(3); });
    s.release(2);
    CHECK(s.available() == 2);
    CHECK_FALSE(s.try_acquire());
    CHECK_FALSE(s.try_acquire_for(0s));
    CHECK_FALSE(s.try_acquire_for(100us, 2));
    auto const wants_one = spawn_waiting([&s] { s.acquire(); });
    s.release();
    wants_three.get();
    CHECK(s.available() == 0);
    CHECK_FALSE(wants_one.done());
    s.release();
    wants_one.get();
  });
}

TEST_CASE("SE03 a cancelled waiter at the head lets those behind it that now fit go on at once") {
  everywhere([] {
    weft::semaphore s(2);
    auto const wants_five = spawn_waiting([&s] { s.acquire(5); });
    auto const one = spawn_waiting([&s] { s.acquire(); });
    auto const four = spawn_waiting([&s] { s.acquire(4); });
    auto const another = spawn_waiting([&s] { s.acquire(); });
    CHECK(ends_cancelled(wants_five));
    one.get();
    CHECK(s.available() == 1);
    CHECK_FALSE(four.done());
    CHECK_FALSE(another.done());
    CHECK(ends_cancelled(four));
    another.get();
    CHECK(s.available() == 0);
  });
}

TEST_CASE("SE03 so does one whose time has passed") {
  everywhere([] {
    weft::semaphore s(1);
    auto const wants_two = spawn_waiting([&] { return s.try_acquire_for(2ms, 2); });
    auto const one = weft::spawn([&] { s.acquire(); });
    one.get();  // by nobody's release
    CHECK_FALSE(wants_two.get());
    CHECK(s.available() == 0);
  });
}

TEST_CASE("SE03 a waiter in the middle or at the end leaves without a trace") {
  everywhere([] {
    weft::semaphore s(0);
    std::vector<weft::task<>> all;
    for (int i = 0; i != 5; ++i) all.push_back(spawn_waiting([&s] { s.acquire(); }));
    CHECK(ends_cancelled(all[4]));
    CHECK(ends_cancelled(all[1]));
    s.release(3);
    for (std::size_t i : {0u, 2u, 3u}) all[i].get();
    CHECK(s.available() == 0);
    CHECK_FALSE(s.try_acquire());
    s.release();
    CHECK(s.try_acquire());  // nobody is thought to wait any more
  });
}

TEST_CASE("SE03 granted is granted: the request that came with it is delivered at the next checkpoint") {
  everywhere([] {
    weft::semaphore s(0);
    bool got = false;
    auto const t = spawn_waiting([&] {
      s.acquire();
      got = true;
      s.acquire();
    });
    s.release();
    (void)t.cancel();
    t.wait();
    CHECK(got);
    CHECK(t.cancelled());
    CHECK(s.available() == 0);
  });
}

TEST_CASE("SE03 cancel against release: the permit is the waiter's, or still there") {
  for_each_worker_count([](unsigned workers) {
    run_on(workers, [] {
      int granted = 0;
      for (int round = 0; round != 300; ++round) {
        weft::semaphore s(0);
        auto const first = spawn_waiting([&s] { s.acquire(); });
        auto const second = weft::spawn([&s] { s.acquire(); });
        auto const releases = weft::spawn([&s] { s.release(); });
        auto const cancels = weft::spawn([&first] { first.cancel(); });
        releases.get();
        cancels.get();
        first.wait();
        if (first.cancelled()) {
          second.get();
        } else {
          ++granted;
          CHECK(ends_cancelled(second));
        }
        CHECK(s.available() == 0);
      }
      CHECK(granted <= 300);
    });
  });
}

TEST_CASE("SE04 n releases let n go on, though none has run in between; so does one release of n") {
  everywhere([] {
    for (bool const at_once : {false, true}) {
      weft::semaphore s(0);
      std::vector<weft::task<>> all;
      for (int i = 0; i != 5; ++i) all.push_back(spawn_waiting([&s] { s.acquire(); }));
      if (at_once) {
        s.release(3);
      } else {
        for (int i = 0; i != 3; ++i) s.release();
      }
      for (std::size_t i : {0u, 1u, 2u}) all[i].get();
      CHECK_FALSE(all[3].done());
      s.release(5);
      all[3].get();
      all[4].get();
      CHECK(s.available() == 3);
    }
  });
}

TEST_CASE("SE05 releasing a bounded one above its initial value is an error, the value stays") {
  everywhere([] {
    weft::bounded_semaphore s(3);
    CHECK_THROWS_AS(s.release(), weft::invalid_state_error);
    CHECK_THROWS_AS(s.release(PTRDIFF_MAX), weft::invalid_state_error);
    s.acquire(2);
    CHECK_THROWS_AS(s.release(3), weft::invalid_state_error);
    CHECK(s.available() == 1);
    auto const waits = spawn_waiting([&s] { s.acquire(2); });
    CHECK_THROWS_AS(s.release(3), weft::invalid_state_error);
    CHECK(s.available() == 1);
    CHECK_FALSE(waits.done());
    s.release(2);
    waits.get();
    CHECK(s.available() == 1);
    s.release(2);
    CHECK(s.available() == 3);
    weft::semaphore full(weft::semaphore::max());
    CHECK_THROWS_AS(full.release(), weft::invalid_state_error);
    CHECK(full.available() == weft::semaphore::max());
    full.acquire();
    full.release();
  });
}

TEST_CASE("SE06 several permits at once; none at all never waits") {
  everywhere([] {
    weft::semaphore s(5);
    s.acquire(3);
    CHECK(s.available() == 2);
    CHECK_FALSE(s.try_acquire(3));
    CHECK(s.try_acquire(2));
    CHECK(s.try_acquire(0));
    s.acquire(0);
    s.release(0);
    auto const waits = spawn_waiting([&s] { s.acquire(2); });
    CHECK(s.try_acquire(0));
    CHECK(s.try_acquire_for(0s, 0));
    s.acquire(0);
    s.release(4);
    waits.get();
    CHECK(s.available() == 2);
  });
}

TEST_CASE("SE06 try_acquire_for and try_acquire_until: in time or late, never early") {
  everywhere([] {
    weft::semaphore s(1);
    CHECK(s.try_acquire_for(0s));
    CHECK_FALSE(s.try_acquire_for(0s));
    CHECK_FALSE(s.try_acquire_for(-1h));
    CHECK_FALSE(s.try_acquire_until(weft::clock::time_point::min()));
    auto const until = weft::clock::now() + 300us;
    CHECK_FALSE(s.try_acquire_until(until));
    CHECK(weft::clock::now() >= until);
    auto const waits = spawn_waiting([&s] { return s.try_acquire_for(std::chrono::hours::max()); });
    s.release();
    CHECK(waits.get());
    auto const for_ever = spawn_waiting([&s] { return s.try_acquire_until(weft::never, 2); });
    s.release(3);
    CHECK(for_ever.get());
    CHECK(s.available() == 1);
  });
}

TEST_CASE("SE06 C05 acquire is a checkpoint before it takes anything; try_acquire and release are none") {
  everywhere([] {
    weft::semaphore s(2);
    auto const t = weft::spawn([&s] {
      (void)this_task::self().cancel("one");
      CHECK(s.try_acquire());
      s.release();
      CHECK(message_of<weft::cancelled>([&] { s.acquire(); }) == "one");
      (void)this_task::self().cancel("two");
      CHECK(message_of<weft::cancelled>([&] { (void)s.try_acquire_for(1s); }) == "two");
      (void)this_task::self().cancel("three");
      CHECK(message_of<weft::cancelled>([&] { weft::permit const p(s); }) == "three");
      CHECK(s.available() == 2);
      weft::shield_scope const shield;
      (void)this_task::self().cancel();
      CHECK_NOTHROW(s.acquire());
      s.release();
    });
    t.get();
  });
}

TEST_CASE("SE06 a shielded wait is not interrupted") {
  everywhere([] {
    weft::semaphore s(0);
    auto const t = spawn_waiting([&s] {
      weft::shield_scope const shield;
      s.acquire();
      return 1;
    });
    (void)t.cancel();
    this_task::yield();
    CHECK_FALSE(t.done());
    s.release();
    CHECK(t.get() == 1);
  });
}

TEST_CASE("SE02 batches: at most so many tasks at once, all of them served") {
  everywhere([] {
    weft::semaphore s(2);
    int inside = 0, most = 0, served = 0;
    weft::semaphore counters(1);
    std::vector<weft::task<>> all;
    for (int i = 0; i != 10; ++i) {
      all.push_back(weft::spawn([&] {
        weft::permit const p{s};
        {
          weft::permit const mine{counters};
          most = std::max(most, ++inside);
        }
        this_task::yield();
        weft::permit const mine{counters};
        --inside;
        ++served;
      }));
    }
    for (auto& t : all) t.get();
    CHECK(most <= 2);
    CHECK(served == 10);
    CHECK(s.available() == 2);
  });
}
