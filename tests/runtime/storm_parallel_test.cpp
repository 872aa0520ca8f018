// Storms of parallel calls: trees of loops, reductions and calls whose bodies suspend, spawn, fail and are cancelled.
// Everyday: about a second. WEFT_LONG=1: long version.
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

namespace {

// What a round has begun and ended, and whether it may go wrong.
struct tally {
  std::atomic<std::int64_t> begun{0}, ended{0}, failed{0};
  unsigned fails_one_in = 0;  // 0: never

  void roll_for_failure(storm::dice& d) {
    if (fails_one_in != 0 && d.below(fails_one_in) == 0) {
      ++failed;
      throw std::runtime_error("thrown");
    }
  }
};

struct counted {
  tally& t;
  explicit counted(tally& all) : t(all) { ++t.begun; }
  counted(counted const&) = delete;
  ~counted() { ++t.ended; }
};

void rest(storm::dice& d) {
  switch (d.below(12)) {
    case 0: weft::this_task::yield(); break;
    case 1: weft::this_task::sleep_for(std::chrono::microseconds(d.below(30))); break;
    case 2: {
      auto child = weft::spawn([] {});
      child.get();
      break;
    }
    case 3: {  // out of order: leaves a tombstone
      auto a = weft::spawn([] {});
      auto b = weft::spawn([] {});
      a.get();
      b.get();
      break;
    }
    case 4: weft::spawn([] { weft::this_task::yield(); }).detach(); break;
    default: break;
  }
}

// The number of leaves below.
std::uint64_t tree(std::uint64_t seed, int depth, tally& t) {  // NOLINT(misc-no-recursion)
  storm::dice d(seed);
  counted const here(t);
  rest(d);
  t.roll_for_failure(d);
  if (depth == 0) return 1;
  auto const kind = d.below(3);
  auto const n = 1 + d.below(6);
  auto const grain = static_cast<std::ptrdiff_t>(d.below(3));
  auto const child = [&t, depth, seed](std::uint64_t i) { return tree(seed * 31 + i + 1, depth - 1, t); };
  std::uint64_t sum = 0;
  if (kind == 0) {
    std::atomic<std::uint64_t> all{0};
    weft::parallel_for(std::uint64_t{0}, n, [&](std::uint64_t i) { all += child(i); }, grain);
    sum = all;
  } else if (kind == 1) {
    sum = weft::parallel_reduce(std::uint64_t{0}, n, std::uint64_t{0}, child, std::plus<>(), grain);
  } else {
    std::uint64_t a = 0, b = 0, c = 0;
    weft::parallel_invoke([&] { a = child(0); }, [&] { b = child(1); }, [&] { c = child(2); });
    sum = a + b + c;
  }
  return sum;
}

// The same, counted without running it.
std::uint64_t leaves(std::uint64_t seed, int depth) {  // NOLINT(misc-no-recursion)
  storm::dice d(seed);
  if (d.below(12) == 1) (void)d.below(30);
  if (depth == 0) return 1;
  auto const kind = d.below(3);
  auto const n = 1 + d.below(6);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i != (kind == 2 ? 3 : n); ++i) sum += leaves(seed * 31 + i + 1, depth - 1);
  return sum;
}

// round(seed) n times with each number of workers, and in simulations.
template <class Round>
void in_rounds(std::uint64_t seed, std::uint64_t n, Round const& round) {
  shapes::for_each_worker_count([&](unsigned workers) {
    shapes::run_on(workers, [&] {
      for (std::uint64_t i = 0; i != n; ++i) round(seed + i);
    });
  });
  for (std::uint64_t i = 0; i != n / 4; ++i) {
    CAPTURE(seed + i);
    weft::simulation(seed + i).run([&] { round(seed + i); });
  }
}

}  // namespace

TEST_CASE("storm trees of parallel calls whose bodies suspend and spawn: every leaf once") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(150, 20'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    shapes::run_on(workers, [&] {
      for (std::uint64_t i = 0; i != n; ++i) {
        tally t;
        REQUIRE(tree(seed + i, 4, t) == leaves(seed + i, 4));
        REQUIRE(t.begun == t.ended);
      }
    });
  });
}

TEST_CASE("storm X9 the same trees in the simulation") {
  auto const seed = storm::seed();
  for (std::uint64_t i = 0; i != storm::rounds(40, 4'000); ++i) {
    CAPTURE(seed + i);
    weft::simulation(seed + i).run([&] {
      tally t;
      REQUIRE(tree(seed + i, 3, t) == leaves(seed + i, 3));
      REQUIRE(t.begun == t.ended);
    });
  }
}

TEST_CASE("storm bodies that fail anywhere: the call throws, exactly if one has failed, when all have ended") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(400, 50'000);
  auto const round = [](std::uint64_t s) {
    tally t;
    t.fails_one_in = 60;
    bool threw = false;
    try {
      (void)tree(s, 3, t);
    } catch (std::runtime_error const&) {
      threw = true;
    }
    REQUIRE(t.begun == t.ended);
    REQUIRE(threw == (t.failed != 0));
  };
  in_rounds(seed, n, round);
}

TEST_CASE("storm trees that are cancelled, or run out of time, anywhere: all bodies end before the call does") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(400, 50'000);
  auto const round = [](std::uint64_t s) {
    storm::dice d(s);
    tally t;
    if (d.below(4) == 0) t.fails_one_in = 200;
    bool const by_time = d.below(2) == 0;
    auto const limit = std::chrono::microseconds(d.below(300));
    auto const victim = weft::spawn([&t, s, by_time, limit] {
      struct all_ended {
        tally& t;
        ~all_ended() { CHECK(t.begun == t.ended); }
      } const at_the_end{t};
      if (by_time) return weft::with_timeout(limit, [&] { return tree(s, 4, t); });
      return tree(s, 4, t);
    });
    for (auto i = d.below(20); i != 0; --i) weft::this_task::yield();
    if (!by_time) (void)victim.cancel();
    victim.wait();
    REQUIRE(t.begun == t.ended);
    if (victim.cancelled()) return;
    bool const went_well = victim.exception() == nullptr;
    if (t.fails_one_in == 0 && went_well) REQUIRE(victim.get() == leaves(s, 4));
  };
  in_rounds(seed, n, round);
}

TEST_CASE("storm many callers at once, and nothing is left of what they have shared out") {
  auto const n = storm::rounds(300, 100'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    auto const sum_of = [](std::uint64_t k) {
      return weft::parallel_reduce(std::uint64_t{0}, k, std::uint64_t{0}, [](std::uint64_t i) { return i; }, std::plus<>());
    };
    std::vector<weft::task<bool>> all;
    for (std::uint64_t i = 0; i != n; ++i) {
      all.push_back(rt.spawn([&sum_of, k = i * 37] { return k == 0 || sum_of(k) == k * (k - 1) / 2; }));
    }
    for (auto const& t : all) REQUIRE(t.get());
    REQUIRE(rt.shutdown().clean);
    auto const m = rt.metrics();
    REQUIRE(m.live == 0);
    REQUIRE(m.spawned == m.finished);
  });
}
