#pragma once
// From making a task ready, on a plain thread, until it runs on a worker that was asleep.
//
// How long it was is the half of it: a virtual CPU that has just become idle polls for a while before it halts, and is back in 8 us
// instead of 20. So all are woken the same time after they had something to do, when that CPU has halted.
#include <atomic>
#include <chrono>
#include <thread>

#include "bench/support/asleep.hpp"
#include "bench/support/samples.hpp"

namespace bench::wakeup {

constexpr auto asleep_for = std::chrono::microseconds{400};

// What the woken task does.
class moment {
 public:
  void now() {
    at_ = clock::now();
    come_.store(true, std::memory_order_release);
  }
  clock::time_point wait() const {
    while (!come_.load(std::memory_order_acquire)) std::this_thread::yield();
    return at_;
  }

 private:
  clock::time_point at_;
  std::atomic<bool> come_{false};
};

// arm(moment&) prepares everything and returns what sets it off: a call of that makes a task ready that calls now().
template <class Arm> void measure(State& state, Arm arm) {
  for (auto _ : state) {
    samples woken{sampling::count}, returned{sampling::count};
    bool right = true;
    for (sampling const s; right && s.more(woken);) {
      moment m;
      auto fire = arm(m);
      auto const armed = clock::now();
      right = others_sleep();
      while (clock::now() - armed < asleep_for) {
      }
      auto const begin = clock::now();
      fire();
      auto const end = clock::now();
      auto const ran = m.wait();
      right = right && ran >= begin;
      woken.add(ran - begin);
      returned.add(end - begin);
    }
    if (!verify(state, right)) break;
    woken.report(state);
    state.counters["samples"] = static_cast<double>(woken.size());
    state.counters["post_p50_us"] = returned.percentile(50);  // what the waker pays until its call returns
  }
}

}  // namespace bench::wakeup
