#pragma once
// Ping-pong: two tasks, a channel each way, one number at a time.
#include <cstdint>

#include "bench/support/harness.hpp"

namespace bench::channel {

inline constexpr std::uint64_t rounds = 10'000;

// Channel: send(n) and receive(). beside(f, g) runs f in a second task while the current one runs g, and joins it.
template <class Channel, class Beside>
void measure(State& state, Beside beside) {
  for (auto _ : state) {
    Channel there, back;
    std::uint64_t sum = 0;
    beside(
        [&] {
          for (std::uint64_t i = 0; i != rounds; ++i) back.send(there.receive() + 1);
        },
        [&] {
          for (std::uint64_t i = 0; i != rounds; ++i) {
            there.send(i);
            sum += back.receive();
          }
        });
    if (!verify(state, sum == rounds * (rounds + 1) / 2)) break;
  }
  per_item(state, rounds);
}

}  // namespace bench::channel
