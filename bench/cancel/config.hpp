#pragma once
// From cancel() of a task that waits until whoever cancelled it has seen its end.
#include "bench/support/samples.hpp"

namespace bench::cancel {

inline constexpr int count = 500;

// once() makes something wait, cancels it, and returns how long that took; a negative time: it did not end cancelled.
template <class Once> void measure(State& state, Once once) {
  for (auto _ : state) {
    samples ended{count};
    bool right = true;
    for (int i = 0; right && i < count; ++i) {
      clock::duration const time = once();
      right = time >= clock::duration::zero();
      ended.add(time);
    }
    if (!verify(state, right)) break;
    ended.report(state);
  }
}

}  // namespace bench::cancel
