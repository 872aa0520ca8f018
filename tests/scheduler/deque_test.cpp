// The deque of unstarted jobs, on real threads: order, growth, the last entry, nothing lost and nothing handed out twice.
#include "scheduler/deque.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "tests/support/storm.hpp"

using weft::detail::work_deque;

namespace {

struct item {
  std::uint64_t value = 0;  // plain: written by the owner before the push, read by the taker
  std::atomic<int> taken{0};
};

void push(work_deque<item>& d, item& x) {
  if (!d.room()) d.grow();
  d.push(&x);
}

item* take(work_deque<item>& d) {
  for (;;) {
    bool lost = false;
    item* const x = d.take(lost);
    if (x != nullptr || !lost) return x;
  }
}

}  // namespace

TEST_CASE("the owner pops the newest, others take the oldest") {
  work_deque<item> d(4);
  std::array<item, 4> x;
  CHECK(d.empty());
  for (auto& i : x) push(d, i);
  CHECK(d.size() == 4);
  CHECK(d.newest() == &x[3]);
  CHECK(d.pop() == &x[3]);
  CHECK(take(d) == &x[0]);
  CHECK(d.newest() == &x[2]);
  CHECK(d.pop() == &x[2]);
  CHECK(take(d) == &x[1]);
  CHECK(d.empty());
}

TEST_CASE("an empty deque gives nothing, however often it is asked, and works afterwards") {
  work_deque<item> d(2);
  item x;
  for (int i = 0; i != 5; ++i) {
    CHECK(d.pop() == nullptr);
    bool lost = false;
    CHECK(d.take(lost) == nullptr);
    CHECK_FALSE(lost);
    CHECK(d.newest() == nullptr);
    CHECK(d.size() == 0);
    push(d, x);
    CHECK((i % 2 == 0 ? d.pop() : take(d)) == &x);
  }
}

TEST_CASE("a deque without room grows and keeps order and content, also when its entries wrap around") {
  for (std::size_t taken_before : {0u, 1u, 3u, 7u}) {
    CAPTURE(taken_before);
    work_deque<item> d(2);
    std::vector<item> x(1000);
    for (std::size_t i = 0; i != taken_before; ++i) {
      push(d, x[0]);
      CHECK(take(d) == &x[0]);
    }
    for (auto& i : x) push(d, i);
    CHECK(d.size() == x.size());
    for (std::size_t i = 0; i != 500; ++i) REQUIRE(take(d) == &x[i]);
    for (std::size_t i = 1000; i-- != 500;) REQUIRE(d.pop() == &x[i]);
    CHECK(d.empty());
  }
}

TEST_CASE("what others have taken makes room without growing") {
  work_deque<item> d(4);
  item x;
  for (int i = 0; i != 4; ++i) d.push(&x);
  CHECK_FALSE(d.room());
  CHECK(take(d) == &x);
  CHECK(d.room());
  for (int i = 0; i != 1000; ++i) {
    REQUIRE(d.room());
    d.push(&x);
    REQUIRE(take(d) == &x);
  }
}

TEST_CASE("the deque owns its buffers and none of its entries") {
  auto d = std::make_unique<work_deque<item>>(2);
  std::vector<item> x(100);
  for (auto& i : x) push(*d, i);
  d.reset();
  for (auto& i : x) CHECK(i.taken == 0);
}

TEST_CASE("pair: the last entry goes to the owner or to the thief") {
  work_deque<item> d(2);
  auto const rounds = storm::rounds(10'000, 2'000'000);
  std::atomic<std::uint64_t> round{0}, thief_done{0};
  std::uint64_t both = 0, none = 0, owner_got = 0;
  item x;
  std::atomic<bool> thief_got{false};
  std::thread thief([&] {
    for (std::uint64_t r = 1; r <= rounds; ++r) {
      storm::wait_until([&] { return round.load(std::memory_order_acquire) == r; });
      bool lost = false;
      thief_got.store(d.take(lost) != nullptr, std::memory_order_relaxed);
      thief_done.store(r, std::memory_order_release);
    }
  });
  for (std::uint64_t r = 1; r <= rounds; ++r) {
    push(d, x);
    round.store(r, std::memory_order_release);
    bool const mine = d.pop() != nullptr;
    storm::wait_until([&] { return thief_done.load(std::memory_order_acquire) == r; });
    bool const theirs = thief_got.load(std::memory_order_relaxed);
    both += mine && theirs ? 1 : 0;
    none += !mine && !theirs ? 1 : 0;
    owner_got += mine ? 1 : 0;
    if (!mine && !theirs) (void)d.pop();
  }
  thief.join();
  CHECK(both == 0);
  CHECK(none == 0);
  CHECK(owner_got > 0);
}

TEST_CASE("stampede: of one entry and many takers exactly one gets it") {
  work_deque<item> d(2);
  for (std::uint64_t r = 0; r != storm::rounds(200, 20'000); ++r) {
    item x;
    push(d, x);
    storm::stampede(4, [&](unsigned) {
      if (item* const got = take(d)) ++got->taken;
    });
    REQUIRE(x.taken == 1);
    REQUIRE(d.empty());
  }
}

TEST_CASE("storm: every entry is handed out once, with its content, while the deque grows") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(400'000, 40'000'000);
  auto const batch = std::uint64_t{20'000};
  for (std::uint64_t done = 0; done < n; done += batch) {
    work_deque<item> d(2);
    std::vector<item> x(batch);
    std::atomic<bool> over{false};
    std::atomic<std::uint64_t> sum{0};
    auto const got = [&](item* i, std::uint64_t& local) {
      ++i->taken;
      local += i->value;
    };
    storm::stampede(3, [&](unsigned who) {
      std::uint64_t local = 0;
      if (who != 0) {
        do {
          while (item* const i = take(d)) got(i, local);
        } while (!over.load(std::memory_order_acquire));
        while (item* const i = take(d)) got(i, local);
      } else {
        storm::dice roll(seed + done);
        for (std::size_t next = 0; next != batch;) {
          for (auto k = roll.below(64); k != 0 && next != batch; --k, ++next) {
            x[next].value = next + 1;
            push(d, x[next]);
          }
          for (auto k = roll.below(48); k != 0; --k) {
            item* const i = d.pop();
            if (i == nullptr) break;
            got(i, local);
          }
        }
        over.store(true, std::memory_order_release);
      }
      sum += local;
    });
    CHECK(sum == batch * (batch + 1) / 2);
    for (auto& i : x) REQUIRE(i.taken == 1);
  }
}
