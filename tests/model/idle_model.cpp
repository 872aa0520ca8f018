// Who posts work and who goes to sleep: no work is left lying while all sleep.
#include <cstddef>
#include <utility>

#include "scheduler/idle.hpp"
#include "tests/model/explorer.hpp"

using namespace weft;
using detail::atomic;
using enum std::memory_order;

namespace {

class spin_lock {
 public:
  void lock() noexcept {
    for (int none = 0; !held_.compare_exchange_strong(none, 1, acquire, relaxed); none = 0) model::spin();
  }
  void unlock() noexcept { held_.store(0, release); }

 private:
  atomic<int> held_{0};
};

struct sleeper {
  model::event awake;  // set twice for one sleep is a violation
  bool searching = false;

  void fall_asleep() noexcept {}
  void wake_up() noexcept { awake.set(); }
};

// As in find.cpp, with one place for work from each poster.
template <std::size_t Works>
struct workplace {
  explicit workplace(unsigned workers) : idle(workers, 0) { detail::fences = &fences; }

  atomic<int> fences{0};
  detail::idle_set<sleeper, spin_lock> idle;
  atomic<int> work[Works];
  atomic<int> done{0};
  sleeper one, other;

  void post(std::size_t i) {
    work[i].store(1, release);
    idle.notify();
  }
  bool take() {
    for (auto& w : work) {
      int there = 1;
      if (w.load(relaxed) == 1 && w.compare_exchange_strong(there, 2, acq_rel, relaxed)) return true;
    }
    return false;
  }
  [[nodiscard]] bool work_left() const {
    for (auto const& w : work) {
      if (w.load(relaxed) == 1) return true;
    }
    return done.load(relaxed) == static_cast<int>(Works);
  }
  void serve(sleeper& me) {
    for (;;) {
      if (!me.searching) me.searching = idle.begin_search();
      if (take()) {
        if (std::exchange(me.searching, false)) idle.end_search(true);
        if (done.fetch_add(1, seq_cst) + 1 == static_cast<int>(Works)) {  // as the scheduler stops
          detail::heavy_fence();
          idle.wake_all();
        }
      } else {
        if (std::exchange(me.searching, false)) idle.end_search(false);
        if (done.load(seq_cst) == static_cast<int>(Works)) return;
        sleep(me);
      }
    }
  }
  void sleep(sleeper& me) {
    idle.enter(me);
    detail::heavy_fence();
    bool const sleeps = !work_left();
    if (sleeps) me.awake.wait();
    if (!idle.leave(me)) {
      if (!sleeps) me.awake.wait();
      me.searching = true;
    }
  }
};

void two_posters(model::run& r) {
  auto& w = r.make<workplace<2>>("workplace", 1u);
  r.thread("worker", [&] { w.serve(w.one); });
  r.thread("poster A", [&] { w.post(0); });
  r.thread("poster B", [&] { w.post(1); });
}

void two_workers(model::run& r) {
  auto& w = r.make<workplace<2>>("workplace", 2u);
  r.thread("worker 1", [&] { w.serve(w.one); });
  r.thread("worker 2", [&] { w.serve(w.other); });
  r.thread("poster", [&] {
    w.post(0);
    w.post(1);
  });
}

}  // namespace

int main(int argc, char** argv) {
  return model::run_all(argc, argv, {{"two posters", two_posters}, {"two workers", two_workers, {2, 2}}});
}
