#pragma once
// A promise set and its future read by the same task; and two tasks that wake each other in turn, each
// message a promise of its own (their making is in the figure, as it is in a program).
#include <cstdint>
#include <vector>

#include "bench/support/harness.hpp"

namespace bench::promise {

// round_trip(i) makes a promise, sets it to i and returns what its future gives.
template <class RoundTrip> void measure_same_task(State& state, RoundTrip round_trip) {
  std::uint64_t i = 0;
  for (auto _ : state) {
    if (round_trip(i) != i) [[unlikely]] {
      verify(state, false);
      break;
    }
    ++i;
  }
  per_item(state, 1);
}

inline constexpr std::size_t rounds = 1000;

template <template <class> class Promise> struct messages {
  std::vector<Promise<std::uint64_t>> ping{rounds}, pong{rounds};

  // The two sides; both give the sum of what they received.
  std::uint64_t serve() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < rounds; ++i) {
      auto const got = ping[i].get_future().get();
      sum += got;
      pong[i].set_value(got + 1);
    }
    return sum;
  }
  std::uint64_t call() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < rounds; ++i) {
      auto answer = pong[i].get_future();
      ping[i].set_value(i);
      sum += answer.get();
    }
    return sum;
  }
};

// beside(f, g) runs f in a second task while the current one runs g, and joins it.
template <template <class> class Promise, class Beside> void measure_ping_pong(State& state, Beside beside) {
  constexpr std::uint64_t sent = std::uint64_t{rounds} * (rounds - 1) / 2;
  for (auto _ : state) {
    messages<Promise> all;
    std::uint64_t there = 0, back = 0;
    beside([&] { there = all.serve(); }, [&] { back = all.call(); });
    if (!verify(state, there == sent && back == sent + rounds)) break;
  }
  per_item(state, rounds);
}

}  // namespace bench::promise
