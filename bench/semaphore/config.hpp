#pragma once
// A semaphore: a permit taken and given back by one task alone; a round trip of two that hand each other a permit.
#include <cstdint>

#include "bench/support/harness.hpp"

namespace bench::semaphore {

template <class Semaphore>
void measure_alone(State& state, Semaphore& s) {
  for (auto _ : state) {
    s.acquire();
    s.release();
  }
  verify(state, s.try_acquire() && !s.try_acquire());
  per_item(state, 1);
}

template <class Semaphore>
struct table {
  Semaphore ping{0}, pong{0};
  bool over = false;  // read after `ping`
  std::uint64_t answered = 0;

  void answer() {
    for (;;) {
      ping.acquire();
      if (over) return;
      ++answered;
      pong.release();
    }
  }
};

template <class Table>
void measure_round_trip(State& state, Table& t) {
  for (auto _ : state) {
    t.ping.release();
    t.pong.acquire();
  }
  verify(state, t.answered == static_cast<std::uint64_t>(state.iterations()));
  t.over = true;
  t.ping.release();
  per_item(state, 1);
}

}  // namespace bench::semaphore
