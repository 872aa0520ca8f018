// The ring of ready fibers, on real threads: first in first out, half for a thief, nothing lost and nothing twice.
#include "scheduler/ready_ring.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "tests/support/storm.hpp"

namespace {

struct item {
  std::uint64_t value = 0;
  std::atomic<int> taken{0};
};
using ring = weft::detail::ready_ring<item, 8>;

}  // namespace

TEST_CASE("first in, first out; a full ring refuses; an empty one gives nothing") {
  ring r;
  std::array<item, 9> x;
  CHECK(r.empty());
  CHECK(r.pop() == nullptr);
  for (int i = 0; i != 8; ++i) REQUIRE(r.push(&x[static_cast<std::size_t>(i)]));
  CHECK_FALSE(r.push(&x[8]));
  CHECK(r.size() == 8);
  CHECK(r.pop() == &x[0]);
  CHECK(r.push(&x[8]));
  for (std::size_t i = 1; i != 9; ++i) CHECK(r.pop() == &x[i]);
  CHECK(r.empty());
  CHECK(r.pop() == nullptr);
}

TEST_CASE("order survives any number of turns around the ring") {
  ring r;
  std::vector<item> x(1000);
  std::size_t in = 0, out = 0;
  storm::dice roll(7);
  while (out != x.size()) {
    for (auto k = roll.below(9); k != 0 && in != x.size() && r.push(&x[in]); --k) ++in;
    for (auto k = roll.below(9); k != 0; --k) {
      item* const i = r.pop();
      if (i == nullptr) break;
      REQUIRE(i == &x[out]);
      ++out;
    }
  }
  CHECK(r.empty());
}

TEST_CASE("a thief takes the older half, rounded up, in order; one of it is returned") {
  for (std::size_t n = 1; n <= 8; ++n) {
    CAPTURE(n);
    ring r, mine;
    std::array<item, 8> x;
    for (std::size_t i = 0; i != n; ++i) REQUIRE(r.push(&x[i]));
    std::size_t const half = (n + 1) / 2;
    CHECK(r.steal_half(mine) == &x[0]);
    for (std::size_t i = 1; i != half; ++i) CHECK(mine.pop() == &x[i]);
    CHECK(mine.empty());
    for (std::size_t i = half; i != n; ++i) CHECK(r.pop() == &x[i]);
    CHECK(r.empty());
  }
  ring r, mine;
  CHECK(r.steal_half(mine) == nullptr);
  CHECK(mine.empty());
}

TEST_CASE("a thief with entries of its own takes one, and loses none of its own") {
  for (std::size_t own = 1; own <= 8; ++own) {
    CAPTURE(own);
    ring r, mine;
    std::array<item, 16> x;
    for (std::size_t i = 0; i != 8; ++i) REQUIRE(r.push(&x[i]));
    for (std::size_t i = 0; i != own; ++i) REQUIRE(mine.push(&x[8 + i]));
    CHECK(r.steal_half(mine) == &x[0]);
    for (std::size_t i = 0; i != own; ++i) CHECK(mine.pop() == &x[8 + i]);
    CHECK(mine.empty());
    for (std::size_t i = 1; i != 8; ++i) CHECK(r.pop() == &x[i]);
  }
}

TEST_CASE("pair: one appends, one takes, in order") {
  auto const n = storm::rounds(50'000, 10'000'000);
  ring r;
  std::vector<item> x(64);
  std::atomic<std::uint64_t> wrong{0};
  storm::stampede(2, [&](unsigned who) {
    for (std::uint64_t i = 0; i != n; ++i) {
      item& expected = x[i % x.size()];
      if (who == 0) {
        storm::wait_until([&] { return r.push(&expected); });
      } else {
        item* got = nullptr;
        storm::wait_until([&] { return (got = r.pop()) != nullptr; });
        wrong += got == &expected ? 0 : 1;
      }
    }
  });
  CHECK(wrong == 0);
  CHECK(r.empty());
}

TEST_CASE("stampede: of one entry and many takers exactly one gets it, by pop or by stealing") {
  ring r;
  std::array<ring, 4> theirs;
  for (std::uint64_t k = 0; k != storm::rounds(200, 20'000); ++k) {
    item x;
    REQUIRE(r.push(&x));
    storm::stampede(4, [&](unsigned who) {
      item* const got = who % 2 == 0 ? r.pop() : r.steal_half(theirs[who]);
      if (got != nullptr) ++got->taken;
    });
    REQUIRE(x.taken == 1);
    REQUIRE(r.empty());
  }
}

TEST_CASE("storm: owners with a ring each, stealing from one another; every entry leaves once, with its content") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(300'000, 30'000'000);
  constexpr unsigned owners = 3;
  std::uint64_t const each = 20'000;
  for (std::uint64_t done = 0; done < n; done += each * owners) {
    std::array<ring, owners> rings;
    std::vector<item> x(each * owners);
    std::atomic<std::uint64_t> left{x.size()}, sum{0};
    storm::stampede(owners, [&](unsigned me) {
      storm::dice roll(seed + done + me);
      std::uint64_t next = 0, local = 0;
      auto const got = [&](item* i) {
        ++i->taken;
        local += i->value;
        left.fetch_sub(1, std::memory_order_relaxed);
      };
      while (left.load(std::memory_order_relaxed) != 0) {
        for (auto k = roll.below(12); k != 0 && next != each; --k) {
          item& i = x[me * each + next];
          i.value = me * each + next + 1;
          if (!rings[me].push(&i)) break;
          ++next;
        }
        for (auto k = roll.below(6); k != 0; --k) {
          if (item* const i = rings[me].pop()) got(i);
        }
        if (rings[me].empty() || roll.below(4) == 0) {
          if (item* const i = rings[(me + 1 + roll.below(owners - 1)) % owners].steal_half(rings[me])) got(i);
        }
      }
      sum += local;
    });
    CHECK(sum == x.size() * (x.size() + 1) / 2);
    for (auto& i : x) REQUIRE(i.taken == 1);
  }
}
