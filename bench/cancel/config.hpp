#pragma once
// From cancel() of a task that waits until whoever cancelled it has seen its end.
#include "bench/support/samples.hpp"

namespace bench::cancel {

// once() makes something wait, cancels it, and returns how long that took; a negative time: it did not end cancelled.
template <class Once> void measure(State& state, Once once) {
  for (auto _ : state) {
    samples ended{sampling::count};
    bool right = true;
    for (sampling const s; right && s.more(ended);) {
      clock::duration const time = once();
      right = time >= clock::duration::zero();
      ended.add(time);
    }
    if (!verify(state, right)) break;
    ended.report(state);
    state.counters["samples"] = static_cast<double>(ended.size());
  }
}

}  // namespace bench::cancel
