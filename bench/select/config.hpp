#pragma once
// One task sends to four channels in turn, another receives from whichever is ready.
#include <array>
#include <cstdint>

#include "bench/support/harness.hpp"

namespace bench::select {

inline constexpr std::uint64_t items = 40'000;

// send(k, n): to channel k; receive_any(): from one of the four. beside(f, g) as in bench/channel.
template <class Channels, class Beside>
void measure(State& state, std::size_t capacity, Beside beside) {
  for (auto _ : state) {
    Channels four(capacity);
    std::uint64_t sum = 0;
    beside(
        [&] {
          for (std::uint64_t i = 0; i != items; ++i) four.send(i % 4, i);
        },
        [&] {
          for (std::uint64_t i = 0; i != items; ++i) sum += four.receive_any();
        });
    if (!verify(state, sum == items * (items - 1) / 2)) break;
  }
  per_item(state, items);
}

}  // namespace bench::select
