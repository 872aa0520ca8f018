#pragma once
// A crowd at one object of sync: batches of tasks, some of them cancelled at some moment, of two runtimes, and plain threads.
// Each throws dice to know what it does.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include <weft/weft.hpp>

#include "tests/support/storm.hpp"

namespace crowd {

struct habits {
  int acts = 3;                   // of each task
  std::uint64_t one_in = 2;       // is cancelled
  bool may_be_left_over = false;  // with nobody to meet: who is not done soon is cancelled, too
};

// Batches of ten tasks, act(dice, k) in each, k from 0 to 9. Says how many have ended cancelled.
template <class Act>
std::uint64_t drive(std::uint64_t seed, std::uint64_t rounds, habits h, Act const& act) {
  std::uint64_t cancelled = 0;
  for (std::uint64_t i = 0; i < rounds; i += 10) {
    storm::dice roll(seed + i);
    std::vector<weft::task<>> all;
    for (std::uint64_t k = 0; k != 10; ++k) {
      all.push_back(weft::spawn([&act, k, acts = h.acts, s = seed + 31 * (i + k)] {
        storm::dice mine(s);
        for (int j = 0; j != acts; ++j) act(mine, k);
      }));
    }
    for (auto& t : all) {
      if (roll.below(3) == 0) weft::this_task::yield();
      if (roll.below(h.one_in) == 0) t.cancel();
    }
    for (auto& t : all) {
      if (h.may_be_left_over && !t.wait_for(std::chrono::microseconds(300))) t.cancel();
      t.wait();
      if (t.cancelled()) ++cancelled;
    }
  }
  return cancelled;
}

// drive() in two runtimes at once, and meanwhile() here.
template <class Act, class Meanwhile>
std::uint64_t drive_two_runtimes(std::uint64_t seed, std::uint64_t rounds, unsigned workers, habits h, Act const& act,
                                 Meanwhile&& meanwhile) {
  weft::runtime one({.workers = workers}), two({.workers = workers});
  auto const first = one.spawn([&] { return drive(seed, rounds, h, act); });
  auto const second = two.spawn([&] { return drive(seed + 1'000'003, rounds, h, act); });
  meanwhile();
  return first.get() + second.get();
}

// act(dice) so many times on each of two plain threads.
template <class Act>
void two_threads(std::uint64_t seed, std::uint64_t times, Act const& act) {
  storm::stampede(2, [&](unsigned i) {
    storm::dice roll(seed + 77 * (i + 1));
    for (std::uint64_t k = 0; k != times; ++k) act(roll);
  });
}

// Up to some microseconds, without giving the CPU away: so that two things happen now in this order, now in that, now at once.
inline void a_moment_later(storm::dice& roll) {
  for (auto n = roll.below(2'000); n != 0; --n) std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace crowd
