// shared_mutex: readers together, a writer alone, in turns; cancellation and errors. Writers alone: mutex_test.cpp, too.
// Storm: at the end.
#include <weft/shared_mutex.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "tests/sync/crowd.hpp"
#include "tests/sync/waiting.hpp"

using namespace shapes;
using namespace waiting;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

static_assert(!std::is_copy_constructible_v<weft::shared_mutex>);
constinit weft::shared_mutex at_start_up;

namespace {

auto reads(weft::shared_mutex& m) {
  return spawn_waiting([&m] { m.lock_shared(); });
}
auto writes(weft::shared_mutex& m) {
  return spawn_waiting([&m] { m.lock(); });
}

}  // namespace

TEST_CASE("L01 readers share, a writer is alone") {
  everywhere([] {
    weft::shared_mutex m;
    m.lock_shared();
    weft::spawn([&m] { m.lock_shared(); }).get();
    CHECK(m.try_lock_shared());
    CHECK_FALSE(m.try_lock());
    auto const w = writes(m);
    for (int i = 0; i != 3; ++i) {
      CHECK_FALSE(w.done());
      m.unlock_shared();
    }
    w.get();
    CHECK_FALSE(m.try_lock());
    CHECK_FALSE(m.try_lock_shared());
    m.unlock();
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE("L01 in turns: readers that come after a waiting writer wait for it, then go on together") {
  everywhere([] {
    weft::shared_mutex m;
    m.lock_shared();
    auto const w = writes(m);
    CHECK_FALSE(m.try_lock_shared());
    CHECK_FALSE(m.try_lock_shared_for(50us));
    auto const one = reads(m);
    auto const two = reads(m);
    m.unlock_shared();
    w.get();
    CHECK_FALSE(one.done());
    m.unlock();
    one.get();
    two.get();
    CHECK_FALSE(m.try_lock());
    m.unlock_shared();
    m.unlock_shared();
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE("L01 in turns: after a writer all readers that wait, then the next writer; writers in the order of coming") {
  everywhere([] {
    weft::shared_mutex m;
    m.lock();
    auto const first = writes(m);
    auto const r1 = reads(m);
    auto const second = writes(m);
    auto const r2 = reads(m);
    m.unlock();
    r1.get();
    r2.get();
    CHECK_FALSE(first.done());
    auto const r3 = reads(m);
    m.unlock_shared();
    CHECK_FALSE(first.done());
    m.unlock_shared();
    first.get();
    CHECK_FALSE(second.done());
    m.unlock();
    r3.get();
    CHECK_FALSE(second.done());
    m.unlock_shared();
    second.get();
    m.unlock();
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE("L02 a cancelled or late waiter leaves; a writer that leaves lets the readers behind it go on") {
  everywhere([] {
    weft::shared_mutex m;
    m.lock_shared();
    auto const w = writes(m);
    auto const late = spawn_waiting([&m] { return m.try_lock_for(2ms); });
    auto const r = reads(m);
    auto const gone = reads(m);
    CHECK(ends_cancelled(gone));
    CHECK(ends_cancelled(w));
    CHECK_FALSE(late.get());
    r.get();  // by nobody's unlock
    m.unlock_shared();
    m.unlock_shared();
    m.lock();
    auto const reader = reads(m);
    auto const writer = writes(m);
    CHECK(ends_cancelled(reader));
    CHECK(ends_cancelled(writer));
    m.unlock();
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE("L02 whoever leaves while a writer waits lets no reader pass it") {
  everywhere([] {
    for (bool const writer_leaves : {false, true}) {
      weft::shared_mutex m;
      m.lock_shared();
      auto const w = writes(m);
      auto const gone = writer_leaves ? writes(m) : reads(m);
      auto const r = reads(m);
      CHECK(ends_cancelled(gone));
      CHECK_FALSE(m.try_lock_shared());
      m.unlock_shared();
      w.get();
      CHECK_FALSE(r.done());
      m.unlock();
      r.get();
      m.unlock_shared();
      CHECK(m.try_lock());
      m.unlock();
    }
  });
}

TEST_CASE("L04 unlock of what is not locked in that way is an error and changes nothing") {
  everywhere([] {
    weft::shared_mutex m;
    CHECK_THROWS_AS(m.unlock(), weft::invalid_state_error);
    CHECK_THROWS_AS(m.unlock_shared(), weft::invalid_state_error);
    m.lock();
    CHECK_THROWS_AS(m.unlock_shared(), weft::invalid_state_error);
    auto const r = reads(m);
    CHECK_THROWS_AS(m.unlock_shared(), weft::invalid_state_error);
    m.unlock();
    r.get();
    CHECK_THROWS_AS(m.unlock(), weft::invalid_state_error);
    auto const w = writes(m);
    CHECK_THROWS_AS(m.unlock(), weft::invalid_state_error);
    m.unlock_shared();
    w.get();
    m.unlock();
    CHECK_THROWS_AS(m.unlock_shared(), weft::invalid_state_error);
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE("L07 std::shared_lock, unique_lock, scoped_lock; timed: in time or late, never early") {
  everywhere([] {
    weft::shared_mutex m;
    {
      std::shared_lock const a{m}, b{m};
      CHECK(a.owns_lock());
      CHECK_FALSE(std::unique_lock(m, 10us).owns_lock());
      CHECK(std::shared_lock(m, 10us).owns_lock());
    }
    {
      std::scoped_lock const guard{m};
      auto const limit = weft::clock::now() + 200us;
      CHECK_FALSE(m.try_lock_shared_until(limit));
      CHECK(weft::clock::now() >= limit);
      CHECK_FALSE(m.try_lock_until(weft::clock::time_point::min()));
      CHECK_FALSE(std::shared_lock(m, std::try_to_lock).owns_lock());
    }
    m.lock();
    auto const in_time = spawn_waiting([&] { return m.try_lock_shared_for(1h); });
    m.unlock();
    CHECK(in_time.get());
    auto const for_ever = spawn_waiting([&] { return m.try_lock_until(weft::never); });
    m.unlock_shared();
    CHECK(for_ever.get());
    m.unlock();
  });
}

TEST_CASE("L01 C05 both ways of locking are checkpoints, before anything is taken") {
  everywhere([] {
    weft::shared_mutex m;
    weft::spawn([&m] {
      (void)this_task::self().cancel("one");
      CHECK(m.try_lock());
      m.unlock();
      CHECK(m.try_lock_shared());
      m.unlock_shared();
      CHECK(message_of<weft::cancelled>([&] { m.lock(); }) == "one");
      (void)this_task::self().cancel("two");
      CHECK(message_of<weft::cancelled>([&] { m.lock_shared(); }) == "two");
    }).get();
    CHECK(m.try_lock());
    m.unlock();
  });
}

TEST_CASE("storm L03 L06 no writer beside anybody, nobody forgotten: two runtimes, plain threads, cancels, time-outs") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(10'000, 1'000'000);
  for_each_worker_count([&](unsigned workers) {
    weft::shared_mutex& m = at_start_up;
    std::atomic<int> inside{0};  // readers; a writer counts for a million
    std::atomic<std::uint64_t> wrong{0}, written{0};
    std::uint64_t value = 0;
    constexpr int writer = 1'000'000;
    auto const one_try = [&](storm::dice& roll, std::uint64_t = 0) {
      bool const dawdle = roll.below(4) == 0;
      auto const limit = std::chrono::microseconds(roll.below(50));
      auto const how = roll.below(8);
      if (how < 3) {
        bool const locked = how == 0 ? m.try_lock() : how == 1 ? m.try_lock_for(limit) : (m.lock(), true);
        if (!locked) return;
        if (inside.fetch_add(writer) != 0) ++wrong;
        ++value;
        ++written;
        if (dawdle) {
          weft::shield_scope const shield;
          this_task::yield();
        }
        inside.fetch_sub(writer);
        m.unlock();
      } else {
        bool const locked =
            how == 3 ? m.try_lock_shared() : how == 4 ? m.try_lock_shared_for(limit) : (m.lock_shared(), true);
        if (!locked) return;
        if (inside.fetch_add(1) >= writer) ++wrong;
        if (dawdle) {
          weft::shield_scope const shield;
          this_task::yield();
        }
        inside.fetch_sub(1);
        m.unlock_shared();
      }
    };
    CHECK(crowd::drive_two_runtimes(seed, n, workers, {}, one_try, [&] { crowd::two_threads(seed, n / 2, one_try); }) > 0);
    CHECK(wrong == 0);
    CHECK(inside == 0);
    CHECK(value == written);
    CHECK(m.try_lock());
    m.unlock();
    if (workers != 1) return;
    auto const seeds = storm::rounds(300, 20'000);
    for (std::uint64_t i = 0; i != seeds; ++i) {
      weft::simulation(seed + i).run([&] {
        std::vector<weft::task<>> all;
        for (std::uint64_t k = 0; k != 8; ++k) {
          all.push_back(weft::spawn([&one_try, s = seed + 8 * i + k] {
            storm::dice mine(s);
            for (int j = 0; j != 4; ++j) one_try(mine);
          }));
        }
        for (std::size_t k = 0; k < all.size(); k += 2) all[k].cancel();
        for (auto& t : all) t.wait();
        CHECK(m.try_lock());
        m.unlock();
      });
    }
    CHECK(wrong == 0);
  });
}
