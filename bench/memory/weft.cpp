// Memory of tasks on weft, with one worker: while the main task runs, no other does.
#include <weft/future.hpp>
#include <weft/task.hpp>

#include <chrono>

#include "bench/memory/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::memory {
namespace {

figures unstarted(std::size_t count) {
  figures result;
  on_weft(1, [&] {
    static std::size_t ran = 0;
    std::vector<weft::task<>> tasks(count);  // the handles are the user's: touched before, not counted
    footprint const before;
    for (auto& task : tasks) task = weft::spawn([] { ++ran; });
    result = per_task(before, footprint{}, count);
    require(ran == 0);
    result["handle"] = sizeof(weft::task<>);
    for (auto& task : tasks) task.get();
    require(ran == count);
  });
  return result;
}

// All wait for one future, and are let go: the footprint before, with all of them suspended, and after the
// last.
struct burst {
  footprint before{}, peak{};
  figures result;

  void run(std::size_t count) {
    static std::size_t waiting = 0;
    static std::size_t ended = 0;
    weft::promise<> gate;
    std::vector<weft::task<>> tasks(count);
    before = footprint{};
    for (auto& task : tasks) {
      task = weft::spawn([opened = gate.get_future()] {
        ++waiting;
        opened.wait();
        ++ended;
      });
    }
    while (waiting < count) weft::this_task::yield();
    peak = footprint{};
    result = per_task(before, peak, count);
    result["unguarded_stacks"] = static_cast<double>(weft::runtime::current()->metrics().unguarded_stacks);
    require(ended == 0);
    gate.set_value();
    for (auto& task : tasks) task.get();
    require(ended == count);
  }
};

figures suspended(std::size_t count) {
  burst all;
  on_weft(1, [&] { all.run(count); });
  return all.result;
}

// What 10 s later is still resident of what the burst had added.
figures left_after(std::size_t count) {
  burst all;
  on_weft(1, [&] {
    all.run(count);
    weft::this_task::sleep_for(std::chrono::seconds{10});
    footprint const later;
    all.result["left_percent"] =
        100 * (later.resident - all.before.resident) / (all.peak.resident - all.before.resident);
  });
  return all.result;
}

bool const added = add_row("unstarted/weft", unstarted, {100'000, 1'000'000}) &&
                   add_row("suspended/weft", suspended, {10'000, 30'000, 100'000, 1'000'000}) &&
                   add_row("left_after_10s/weft", left_after, {100'000});

}  // namespace
}  // namespace bench::memory
