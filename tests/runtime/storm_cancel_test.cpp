// Storm: cancel against completion. Whatever meets, every task ends exactly once, and what it holds is destroyed once.
// Everyday: about a second. WEFT_LONG=1: long version.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

#include <weft/weft.hpp>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

namespace {

struct counts {
  std::atomic<std::uint64_t> made{0}, gone{0}, values{0}, errors{0}, cancelled{0};
};

// Captured by the task, and its result: counts lives and deaths.
class counted {
 public:
  explicit counted(counts& c) : counts_(&c) { ++c.made; }
  counted(counted const& o) : counts_(o.counts_) { ++counts_->made; }
  counted& operator=(counted const&) = delete;
  ~counted() { ++counts_->gone; }

 private:
  counts* counts_;
};

// What a task does until it ends or is cancelled.
void live(storm::dice& roll) {
  switch (roll.below(7)) {
    case 0: break;
    case 1: weft::this_task::yield(); break;
    case 2: weft::this_task::checkpoint(); break;
    case 3: weft::this_task::sleep_for(std::chrono::microseconds(roll.below(50))); break;
    case 4: {
      auto child = weft::spawn([] { weft::this_task::yield(); });
      child.get();
      break;
    }
    case 5: {
      weft::promise<int> p;
      auto f = p.get_future();
      auto setter = weft::spawn([p = std::move(p)]() mutable { (void)p.try_set_value(1); });
      try {
        (void)f.get();
      } catch (weft::cancelled const&) {
        weft::shield_scope const shield;
        setter.wait();
        throw;
      }
      setter.wait();
      break;
    }
    default: throw std::runtime_error("a failure");
  }
}

weft::task<counted> spawn_one(std::uint64_t seed, counts& c) {
  return weft::spawn([held = counted(c), seed] {
    storm::dice roll(seed);
    for (auto n = roll.below(4); n != 0; --n) {
      try {
        live(roll);
      } catch (weft::cancelled const&) {
        if (roll.below(4) != 0) throw;  // else swallowed
      }
    }
    return held;
  });
}

void look_at_end(weft::task<counted> t, storm::dice& roll, counts& c) {
  try {
    if (roll.below(2) == 0) {
      (void)t.get();
    } else {
      t.wait();
      (void)t.result();
    }
    ++c.values;
  } catch (weft::task_cancelled_error const&) {
    ++c.cancelled;
  } catch (std::runtime_error const&) {
    ++c.errors;
  }
}

}  // namespace

TEST_CASE("storm X1 C01 C02 C06 C13 cancel against completion: each task ends once, as the metrics and its awaiter say") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(20'000, 2'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    counts c;
    weft::runtime rt({.workers = workers});
    rt.run([&] {
      constexpr std::uint64_t batch = 50;
      for (std::uint64_t done = 0; done < n; done += batch) {
        storm::dice roll(seed + done);
        std::vector<weft::task<counted>> all;
        for (std::uint64_t i = 0; i != batch; ++i) all.push_back(spawn_one(seed + done + i, c));
        auto canceller = weft::spawn([all, r = storm::dice(seed ^ done)]() mutable {
          for (auto& t : all) {
            for (auto k = r.below(3); k != 0; --k) t.cancel("storm");
            if (r.below(8) == 0) weft::this_task::yield();
          }
        });
        for (auto& t : all) {
          if (roll.below(3) == 0) t.cancel();
        }
        for (auto& t : all) look_at_end(std::move(t), roll, c);
        canceller.get();
      }
    });
    auto const m = rt.metrics();
    CHECK(c.values + c.errors + c.cancelled == n);
    CHECK(m.spawned == m.finished + m.failed + m.cancelled);
    CHECK(m.failed >= c.errors);
    CHECK(m.cancelled >= c.cancelled);
    CHECK(m.live == 0);
    CHECK(c.made == c.gone);
    CHECK(c.made >= n);
    CHECK(c.values > 0);
    CHECK(c.cancelled > 0);
    CHECK(c.errors > 0);
  });
}

TEST_CASE("storm: cancel from plain threads against promises: set, cancelled, or broken, never two of them") {
  auto const n = storm::rounds(3'000, 300'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::atomic<std::uint64_t> wrong{0}, value{0}, cancelled{0};
    for (std::uint64_t done = 0; done < n; done += 100) {
      std::vector<weft::promise<int>> promises(100);
      std::vector<weft::future<int>> futures;
      for (auto& p : promises) futures.push_back(p.get_future());
      auto waiters = rt.spawn([&, futures] {
        for (auto const& f : futures) {
          f.wait();
          try {
            value += f.result() == 7 ? 1 : 0;
          } catch (weft::task_cancelled_error const&) {
            ++cancelled;
          }
        }
      });
      std::array<std::atomic<int>, 100> winners{};
      storm::stampede(3, [&](unsigned who) {
        for (std::size_t i = 0; i != 100; ++i) {
          auto const k = who == 1 ? 99 - i : i;
          winners[k] += (who == 0 ? promises[k].try_set_value(7) : futures[k].cancel()) ? 1 : 0;
        }
      });
      waiters.wait();
      for (auto& w : winners) wrong += w == 1 ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(value + cancelled == n);
  });
}

TEST_CASE("storm C03 C04 a cancel that is forwarded down a chain of joins, however far the chain has come") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(2'000, 200'000);
  struct chain {
    static int run(int depth, std::atomic<int>& ended) {  // NOLINT(misc-no-recursion)
      struct at_end {
        std::atomic<int>& ended;
        ~at_end() { ++ended; }
      } const counted_end{ended};
      if (depth == 0) {
        for (int i = 0; i != 3; ++i) weft::this_task::yield();
        return 1;
      }
      auto child = weft::fork([&, depth] { return run(depth - 1, ended); });
      if (depth % 3 == 0) weft::this_task::yield();
      return child.get() + 1;
    }
  };
  shapes::for_each_worker_count([&](unsigned workers) {
    std::uint64_t values = 0, cancelled = 0, leaked = 0;
    shapes::run_on(workers, [&] {
      for (std::uint64_t i = 0; i != n; ++i) {
        storm::dice roll(seed + i);
        auto ended = std::make_shared<std::atomic<int>>(0), begun = std::make_shared<std::atomic<int>>(0);
        auto t = weft::spawn([ended, begun] {
          ++*begun;
          return chain::run(8, *ended);
        });
        for (auto k = roll.below(12); k != 0; --k) weft::this_task::yield();
        t.cancel();
        try {
          (void)t.get();
          ++values;
          leaked += *ended == 9 ? 0 : 1;
        } catch (weft::task_cancelled_error const&) {
          ++cancelled;
          leaked += *begun == 0 && *ended != 0 ? 1 : 0;
        }
      }
    });
    CHECK(values + cancelled == n);
    CHECK(leaked == 0);
    CHECK(cancelled > 0);
  });
}

TEST_CASE("storm X9 the same in the simulation: any order of cancel, start, suspension and end") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(60, 5'000);
  for (std::uint64_t i = 0; i != n; ++i) {
    CAPTURE(seed + i);
    counts c;
    weft::simulation(seed + i).run([&] {
      std::vector<weft::task<counted>> all;
      for (std::uint64_t k = 0; k != 10; ++k) all.push_back(spawn_one(seed * 31 + i * 10 + k, c));
      auto canceller = weft::spawn([all] {
        for (auto& t : all) {
          weft::this_task::yield();
          t.cancel();
        }
      });
      storm::dice roll(i);
      for (auto& t : all) look_at_end(std::move(t), roll, c);
      canceller.get();
    });
    CHECK(c.values + c.errors + c.cancelled == 10);
    CHECK(c.made == c.gone);
  }
}
