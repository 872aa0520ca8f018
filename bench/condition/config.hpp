#pragma once
// Two that take turns: each waits on a condition until it is its turn, then tells the other. One round trip is two turns.
#include <cstdint>
#include <mutex>

#include "bench/support/harness.hpp"

namespace bench::condition {

template <class Mutex, class Condition> class table {
 public:
  // The other one's body: answers until stop() is called.
  void answer() {
    for (;;) {
      std::unique_lock lock{m_};
      c_.wait(lock, [&] { return turn_ != mine; });
      if (turn_ == over) return;
      turn_ = mine;
      lock.unlock();
      c_.notify_one();
    }
  }
  void round_trip() {
    std::unique_lock lock{m_};
    turn_ = others;
    c_.notify_one();
    c_.wait(lock, [&] { return turn_ == mine; });
    ++trips_;
  }
  std::uint64_t stop() {
    std::lock_guard const lock{m_};
    turn_ = over;
    c_.notify_one();
    return trips_;
  }

 private:
  enum whose { mine, others, over };
  Mutex m_;
  Condition c_;
  whose turn_ = mine;
  std::uint64_t trips_ = 0;
};

template <class Table> void measure(State& state, Table& t) {
  for (auto _ : state) t.round_trip();
  verify(state, t.stop() == static_cast<std::uint64_t>(state.iterations()));
  per_item(state, 1);
}

}  // namespace bench::condition
