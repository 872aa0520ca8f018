// Storms of joins: nests, out of order, inlined children that suspend, chains, deep stacks, sliding windows.
// Everyday: about a second. WEFT_LONG=1: long version.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include <weft/weft.hpp>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

namespace {

constexpr std::size_t kib = 1024;

// A tree whose joins come in any order, whose inner tasks wait for promises that their siblings set, while their joiner has
// other waits of its own on the same fiber. Returns the number of tasks in it.
std::uint64_t nest(std::uint64_t seed, int depth) {  // NOLINT(misc-no-recursion)
  storm::dice roll(seed);
  if (depth == 0) {
    if (roll.below(4) == 0) weft::this_task::yield();
    return 1;
  }
  auto const n = 1 + roll.below(5);
  std::vector<weft::task<std::uint64_t>> children;
  std::vector<weft::promise<std::uint64_t>> promises(n);
  std::vector<weft::future<std::uint64_t>> links;
  for (auto& p : promises) links.push_back(p.get_future());
  for (std::uint64_t i = 0; i != n; ++i) {
    // Child i waits for child i + 1, or for nobody: no cycle.
    auto const next = i + 1 < n ? links[i + 1] : weft::future<std::uint64_t>();
    auto body = [p = std::move(promises[i]), next, s = roll(), depth]() mutable {
      storm::dice mine(s);
      auto const first = mine.below(2) == 0;
      std::uint64_t sum = 0;
      if (first) sum += nest(s, depth - 1);
      if (mine.below(3) == 0) weft::this_task::yield();
      if (next.valid()) {
        switch (mine.below(3)) {
          case 0: next.wait(); break;
          case 1: (void)next.get(); break;
          default:
            while (!next.wait_for(std::chrono::microseconds(mine.below(20)))) {
            }
        }
      }
      p.set_value(s);
      if (!first) sum += nest(s, depth - 1);
      return sum;
    };
    children.push_back(weft::spawn(std::move(body)));
  }
  for (auto i = children.size(); i > 1; --i) std::swap(children[i - 1], children[roll.below(i)]);
  // The joiner's own registrations, that fire while children run on its fiber.
  std::atomic<std::uint64_t> called{0};
  std::vector<weft::callback> tokens;
  for (auto const& l : links) tokens.push_back(l.on_done([&](weft::future<std::uint64_t> const&) { ++called; }));
  std::uint64_t sum = 1;
  for (auto& c : children) {
    if (roll.below(5) == 0) c.wait();
    sum += std::move(c).get();
  }
  for (auto& t : tokens) t.reset();
  return called <= n ? sum : 0;
}

// The same shape, counted without running it.
std::uint64_t expected(std::uint64_t seed, int depth) {  // NOLINT(misc-no-recursion)
  storm::dice roll(seed);
  if (depth == 0) return 1;
  auto const n = 1 + roll.below(5);
  std::uint64_t sum = 1;
  for (std::uint64_t i = 0; i != n; ++i) sum += expected(roll(), depth - 1);
  return sum;
}

// Uses about `bytes` of stack and calls f at the bottom.
template <class F>
[[gnu::noinline]] int deep(std::size_t bytes, F& f) {  // NOLINT(misc-no-recursion)
  char volatile frame[kib];
  frame[0] = static_cast<char>(bytes);
  if (bytes <= kib) {
    f();
  } else {
    (void)deep(bytes - kib, f);
  }
  return frame[0];
}

}  // namespace

TEST_CASE("storm B12 nests of joins in any order, with children that wait while their joiner's other waits fire") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(150, 30'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    shapes::run_on(workers, [&] {
      for (std::uint64_t i = 0; i != n; ++i) REQUIRE(nest(seed + i, 3) == expected(seed + i, 3));
    });
  });
}

TEST_CASE("storm X9 the same nests in the simulation") {
  auto const seed = storm::seed();
  for (std::uint64_t i = 0; i != storm::rounds(20, 2'000); ++i) {
    CAPTURE(seed + i);
    weft::simulation(seed + i).run([&] { REQUIRE(nest(seed + i, 3) == expected(seed + i, 3)); });
  }
}

TEST_CASE("joins in order, in reverse, from the middle, twice, and through copies") {
  shapes::on_all([] {
    for (int round = 0; round != 20; ++round) {
      for (int const shape : {0, 1, 2, 3}) {
        std::vector<weft::task<int>> all;
        for (int i = 0; i != 300; ++i) all.push_back(weft::spawn([i] { return i; }));
        if (shape == 1) std::reverse(all.begin(), all.end());
        if (shape == 2) std::rotate(all.begin(), all.begin() + 150, all.end());
        if (shape == 3) {
          auto copies = all;
          for (auto& t : copies) (void)t.get();
        }
        int sum = 0;
        for (auto& t : all) sum += t.get();
        for (auto& t : all) sum += std::move(t).get();
        REQUIRE(sum == 300 * 299);
      }
    }
  });
}

TEST_CASE("a sliding window of joins out of order leaves nothing behind: no memory, no stacks") {
  auto const n = storm::rounds(300'000, 30'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    rt.run([&] {
      std::deque<weft::task<std::uint64_t>> window;
      std::uint64_t sum = 0;
      auto const slide = [&](std::uint64_t steps) {
        for (std::uint64_t i = 0; i != steps; ++i) {
          window.push_back(weft::spawn([i] { return i; }));
          if (window.size() <= 100) continue;
          sum += window.front().get();
          window.pop_front();
        }
      };
      slide(n / 10);
      auto const before = storm::resident();
      slide(n);
      auto const after = storm::resident();
      if (!storm::sanitized) CHECK(after < before + 4 * storm::mib);
      while (!window.empty()) {
        sum += window.front().get();
        window.pop_front();
      }
      CHECK(sum == (n / 10) * (n / 10 - 1) / 2 + n * (n - 1) / 2);
    });
    CHECK(rt.metrics().live == 0);
  });
}

TEST_CASE("a chain of 100,000 unstarted tasks, each of which joins the next") {
  std::size_t const n = storm::sanitized && !storm::long_version() ? 30'000 : 100'000;
  shapes::for_each_worker_count([&](unsigned workers) {
    shapes::run_on(workers, [&] {
      // Begun from its end: nobody has started when the first is joined (one worker), or hardly anybody.
      weft::task<std::size_t> next = weft::spawn([] { return std::size_t{1}; });
      for (std::size_t i = 1; i != n; ++i) {
        next = weft::spawn([after = std::move(next)]() mutable { return std::move(after).get() + 1; });
      }
      CHECK(std::move(next).get() == n);
    });
  });
}

TEST_CASE("the same chain, joined in the order of spawning: each inlines one that lies above it in the queue") {
  std::size_t const n = storm::sanitized && !storm::long_version() ? 30'000 : 100'000;
  shapes::for_each_worker_count([&](unsigned workers) {
    shapes::run_on(workers, [&] {
      auto all = std::make_shared<std::vector<weft::promise<weft::task<std::size_t>>>>(n + 1);
      std::vector<weft::future<weft::task<std::size_t>>> handles;
      for (auto& p : *all) handles.push_back(p.get_future());
      weft::task<std::size_t> first;
      for (std::size_t i = 0; i != n; ++i) {
        auto t = weft::spawn([following = handles[i + 1], last = i + 1 == n] {
          return last ? std::size_t{1} : following.get().get() + 1;
        });
        if (i == 0) first = t;
        (*all)[i].set_value(std::move(t));
      }
      CHECK(first.get() == n);
    });
  });
}

TEST_CASE("a child that uses 170 KiB of stack, joined 150 KiB deep, wherever it runs") {
  auto const joiner = (storm::sanitized ? 60 : 150) * kib, child = (storm::sanitized ? 70 : 170) * kib;
  shapes::on_all([&] {
    for (int i = 0; i != 20; ++i) {
      std::atomic<int> reached{0};
      auto inner = [&] { ++reached; };
      auto outer = [&] {
        auto t = weft::fork([&] { (void)deep(child, inner); });
        t.get();
        ++reached;
      };
      (void)deep(joiner, outer);
      REQUIRE(reached == 2);
    }
  });
}

TEST_CASE("and a nest of such children: each has its full stack, none is refused") {
  auto const each = (storm::sanitized ? 60 : 200) * kib;
  shapes::on_all([&] {
    std::atomic<int> reached{0};
    std::function<void(int)> down = [&](int left) {
      auto here = [&] {
        ++reached;
        if (left == 0) return;
        auto t = weft::fork([&] { down(left - 1); });
        t.get();
      };
      (void)deep(each, here);
    };
    down(20);
    CHECK(reached == 21);
  });
}
