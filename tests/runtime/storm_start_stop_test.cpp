// Storm: runtimes that come and go, with work in every state, side by side.
// Everyday: about a second. WEFT_LONG=1: 10,000 starts and stops.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <vector>

#include <weft/weft.hpp>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

namespace {

// Leaves tasks behind in all states: unstarted, suspended for ever, asleep, yielding, cleaning up.
void leave_work(weft::runtime& rt, storm::dice& roll, std::atomic<std::uint64_t>& begun, std::atomic<std::uint64_t>& ended) {
  struct alive {
    std::atomic<std::uint64_t>& ended;
    ~alive() { ++ended; }
  };
  for (auto n = roll.below(12); n != 0; --n) {
    auto const kind = roll.below(6);
    rt.spawn([&begun, &ended, kind] {
        ++begun;
        alive const a{ended};
        switch (kind) {
          case 0: break;
          case 1: weft::promise<>().get_future().wait(); break;
          case 2: weft::this_task::sleep_for(std::chrono::hours(1)); break;
          case 3:
            for (;;) weft::this_task::yield();
          case 4: {
            weft::promise<> never_set;
            never_set.get_future().wait();
            break;
          }
          default:
            try {
              weft::this_task::sleep_until(weft::never);
            } catch (weft::cancelled const&) {
              auto clean_up = weft::spawn([] { weft::this_task::yield(); });
              clean_up.wait();
              throw;
            }
        }
      }).detach();
  }
}

}  // namespace

TEST_CASE("storm R02 N starts and stops with work left in every state: all of it ends, and nothing is kept") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(300, 10'000);
  std::atomic<std::uint64_t> begun{0}, ended{0};
  auto const some = [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i != to; ++i) {
      storm::dice roll(seed + i);
      weft::runtime rt({.workers = shapes::worker_counts[roll.below(3)]});
      leave_work(rt, roll, begun, ended);
      if (roll.below(2) == 0) {
        rt.run([] { weft::this_task::yield(); });
        leave_work(rt, roll, begun, ended);
      }
      if (roll.below(3) == 0) {
        CHECK(rt.shutdown().clean);
        CHECK_THROWS_AS((void)rt.spawn([] {}), weft::no_runtime_error);
      }
    }
  };
  some(0, n / 4);
  auto const before = storm::resident();
  some(n / 4, n);
  CHECK(begun == ended);
  if (!storm::sanitized) CHECK(storm::resident() < before + 8 * storm::mib);
}

TEST_CASE("storm: runtimes start and stop on several threads at once, and join across") {
  auto const n = storm::rounds(60, 2'000);
  std::atomic<std::uint64_t> sum{0};
  weft::runtime lasting({.workers = 2});
  storm::stampede(3, [&](unsigned who) {
    for (std::uint64_t i = 0; i != n; ++i) {
      weft::runtime rt({.workers = 1 + who});
      sum += rt.run([&] {
        auto there = lasting.spawn([] {
          weft::this_task::yield();
          return 1u;
        });
        auto here = weft::spawn([there] { return there.get(); });
        return here.get();
      });
    }
  });
  CHECK(sum == 3 * n);
}

TEST_CASE("storm: plain threads spawn until they are told that the runtime is shut down; what got in has ended") {
  auto const n = storm::rounds(60, 2'000);
  for (std::uint64_t i = 0; i != n; ++i) {
    std::atomic<std::uint64_t> accepted{0}, gone{0};
    struct held {
      std::atomic<std::uint64_t>* gone;
      explicit held(std::atomic<std::uint64_t>& g) : gone(&g) {}
      held(held&& o) noexcept : gone(std::exchange(o.gone, nullptr)) {}
      ~held() {
        if (gone != nullptr) ++*gone;
      }
    };
    std::atomic<std::uint64_t> refused{0};
    weft::runtime rt({.workers = 2});
    storm::stampede(3, [&](unsigned who) {
      if (who == 0) {
        storm::wait_until([&] { return accepted > 5; });
        (void)rt.shutdown();
        return;
      }
      for (;;) {
        try {
          rt.spawn([h = held(gone)] { weft::this_task::yield(); }).detach();
          ++accepted;
        } catch (weft::no_runtime_error const&) {
          ++refused;
          return;
        }
      }
    });
    REQUIRE(gone == accepted + refused);
    REQUIRE(rt.metrics().live == 0);
  }
}

TEST_CASE("storm R03 plain threads set promises while the runtime of the waiters ends") {
  auto const n = storm::rounds(200, 10'000);
  for (std::uint64_t i = 0; i != n; ++i) {
    std::vector<weft::promise<>> promises(8);
    std::vector<weft::future<>> futures;
    for (auto& p : promises) futures.push_back(p.get_future());
    auto rt = std::make_unique<weft::runtime>(weft::runtime_options{.workers = 2});
    for (auto const& f : futures) rt->spawn([f] { f.wait(); }).detach();
    storm::stampede(2, [&](unsigned who) {
      if (who == 0) {
        for (auto& p : promises) p.set_value();
      } else {
        rt.reset();
      }
    });
    for (auto const& f : futures) REQUIRE(f.done());
  }
}
