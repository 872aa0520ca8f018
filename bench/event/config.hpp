#pragma once
// An event: a wait for one that is set; a round trip of two that wait for each other's, and reset it.
#include <cstdint>

#include "bench/support/harness.hpp"

namespace bench::event {

template <class Event>
void measure_set(State& state, Event& e) {
  e.set();
  for (auto _ : state) e.wait();
  per_item(state, 1);
}

template <class Event>
struct table {
  Event ping, pong;
  bool over = false;  // read after `ping`
  std::uint64_t answered = 0;

  void answer() {
    for (;;) {
      ping.wait();
      ping.reset();
      if (over) return;
      ++answered;
      pong.set();
    }
  }
};

template <class Table>
void measure_round_trip(State& state, Table& t) {
  for (auto _ : state) {
    t.ping.set();
    t.pong.wait();
    t.pong.reset();
  }
  verify(state, t.answered == static_cast<std::uint64_t>(state.iterations()));
  t.over = true;
  t.ping.set();
  per_item(state, 1);
}

}  // namespace bench::event
