// What std has nearest to an event: an atomic flag that threads wait on.
#include <atomic>
#include <thread>

#include "bench/event/config.hpp"

namespace bench::event {
namespace {

class flag {
 public:
  void set() noexcept {
    flag_.test_and_set(std::memory_order_release);
    flag_.notify_all();
  }
  void reset() noexcept { flag_.clear(std::memory_order_relaxed); }
  void wait() noexcept { flag_.wait(false, std::memory_order_acquire); }

 private:
  std::atomic_flag flag_;
};

void is_set(State& state) {
  flag f;
  measure_set(state, f);
}

void threads(State& state) {
  table<flag> t;
  std::thread other{[&] { t.answer(); }};
  measure_round_trip(state, t);
  other.join();
}

BENCHMARK(is_set)->Name("event/is_set/std")->Apply(one_worker);
BENCHMARK(threads)->Name("event/round_trip/std_threads")->Apply(timing);

}  // namespace
}  // namespace bench::event
