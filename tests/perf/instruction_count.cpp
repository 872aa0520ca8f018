// A fixed program for callgrind: what the fast paths cost in instructions, on one worker. Prints nothing of its own; each section's
// counts go to a dump named after it (instruction_count.py reads them). Run alone it is quick and says nothing.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <span>
#include <utility>

#include <valgrind/callgrind.h>
#include <weft/weft.hpp>

namespace {

constexpr int warm_up = 200, rounds = 2000;

// The client requests are executed by the same thread that does the work, and count nothing else.
template <class F>
void section(char const* name, F&& f) {
  for (int i = 0; i != warm_up; ++i) f();
  CALLGRIND_ZERO_STATS;
  CALLGRIND_TOGGLE_COLLECT;
  for (int i = 0; i != rounds; ++i) f();
  CALLGRIND_TOGGLE_COLLECT;
  CALLGRIND_DUMP_STATS_AT(name);
}

std::uint64_t fib(unsigned n) {  // NOLINT(misc-no-recursion)
  if (n < 2) return n;
  auto a = weft::spawn([n] { return fib(n - 1); });
  auto const b = fib(n - 2);
  return std::move(a).get() + b;
}

}  // namespace

int main() {
  std::uint64_t sum = 0;
  weft::run({.workers = 1}, [&] {
    section("nothing", [&] { sum += 1; });
    section("spawn_get", [&] {
      auto t = weft::spawn([] { return 1; });
      sum += static_cast<std::uint64_t>(std::move(t).get());
    });
    section("fork_get", [&] {
      auto t = weft::fork([&] { ++sum; });
      t.get();
    });
    section("spawn_get_reverse_of_2", [&] {
      auto a = weft::spawn([] { return 1; });
      auto b = weft::spawn([] { return 2; });
      sum += static_cast<std::uint64_t>(std::move(a).get() + std::move(b).get());
    });
    section("fib_10", [&] { sum += fib(10); });
    section("promise_set_get", [&] {
      weft::promise<int> p;
      p.set_value(1);
      sum += static_cast<std::uint64_t>(p.get_future().get());
    });
    section("checkpoint", [&] { weft::this_task::checkpoint(); });
    section("yield_alone", [&] { weft::this_task::yield(); });
    bool stop = false;
    auto partner = weft::spawn([&stop] {
      while (!stop) weft::this_task::yield();
    });
    section("yield_among_2", [&] { weft::this_task::yield(); });
    stop = true;
    partner.wait();
    section("spawn_100_get_in_order", [&] {
      std::array<weft::task<int>, 100> all;
      for (auto& t : all) t = weft::spawn([] { return 1; });
      for (auto& t : all) sum += static_cast<std::uint64_t>(std::move(t).get());
    });
    section("group_of_100", [&] {
      weft::with_group([&](weft::task_group& g) {
        for (int i = 0; i != 100; ++i) g.spawn([&] { ++sum; });
      });
    });
    section("gather_10", [&] {
      auto const one = [&] { return ++sum; };
      (void)weft::gather(one, one, one, one, one, one, one, one, one, one);
    });
    section("parallel_invoke_2", [&] { weft::parallel_invoke([&] { ++sum; }, [&] { ++sum; }); });
    section("parallel_for_1000", [&] { weft::parallel_for(0, 1000, [&](int) { ++sum; }, 100); });  // a grain of its own would follow the clock
    section("parallel_reduce_1000", [&] {
      sum += weft::parallel_reduce(0, 1000, std::uint64_t{0}, [](int i) { return static_cast<std::uint64_t>(i); }, std::plus<>{}, 100);
    });
    weft::fork([&] {
      weft::task_local<int> local{0};
      local.set(1);
      section("spawn_get_with_a_local", [&] { sum += static_cast<std::uint64_t>(weft::spawn([] { return 1; }).get()); });
    }).get();
    section("timeout_ready", [&] { weft::with_timeout(std::chrono::seconds(10), [&] { ++sum; }); });

    weft::mutex mutex;
    section("mutex", [&] { std::lock_guard const held(mutex); });
    weft::semaphore permits(1);
    section("semaphore", [&] { weft::permit const held(permits); });
    weft::event is_set;
    is_set.set();
    section("event_set", [&] { is_set.wait(); });
    weft::queue<int> queue(16);
    section("queue_put_get", [&] {
      queue.put(1);
      sum += static_cast<std::uint64_t>(queue.get());
    });
    weft::channel<int> there, back, buffered(1), never_used;
    section("select_of_3_ready", [&] {
      buffered.send(1);
      (void)weft::select(weft::on_receive(buffered, [&](auto v) { sum += v.has_value(); }), weft::on_receive(never_used, [](auto) {}),
                         weft::on_receive(back, [](auto) {}));
    });
    auto const echo = weft::spawn([&] {
      for (int const v : there) back.send(v);
    });
    auto const round_trip = [&] {
      there.send(1);
      sum += back.receive().has_value();
    };
    section("channel_round_trip", round_trip);
    section("timeout_channel_round_trip", [&] { weft::with_timeout(std::chrono::seconds(10), round_trip); });
    there.close();
    echo.wait();
    section("suspend_resume", [&] {
      weft::promise<int> p;
      auto waiter = weft::spawn([f = p.get_future()] { return f.get(); });
      weft::this_task::yield();
      p.set_value(1);
      waiter.wait();
      sum += static_cast<std::uint64_t>(std::move(waiter).get());
    });
    // One that is spawned, begins, and wakes of itself; the time until then is not counted.
    section("sleep", [&] {
      auto const due = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
      auto const sleeper = weft::spawn([due] { weft::this_task::sleep_until(due); });
      weft::this_task::yield();
      CALLGRIND_TOGGLE_COLLECT;
      while (std::chrono::steady_clock::now() < due + std::chrono::microseconds(200)) {
      }
      CALLGRIND_TOGGLE_COLLECT;
      sleeper.wait();
    });
    // What this side of it pays, its falling asleep included.
    section("run_blocking", [&] { sum += static_cast<std::uint64_t>(weft::run_blocking([] { return 1; }).get()); });

    auto [near, far] = weft::unix_stream::pair();
    char some[64] = {};
    section("write_read_ready", [&] {
      near.write_all(some);
      far.read_exact(some);
    });
    auto const answers = weft::spawn([&far] {
      char here[64];
      while (auto const n = far.read_some(here)) far.write_all(std::span(here).first(n));
    });
    section("echo_round_trip", [&] {
      near.write_all(some);
      near.read_exact(some);
    });
    near.close();
    answers.wait();
  });

  // From a plain thread, while the worker is busy, so that nobody is woken.
  weft::runtime_options o;
  o.workers = 1;
  o.stall_threshold = std::chrono::milliseconds::zero();
  weft::runtime outside(o);
  std::atomic<int> phase = 0;
  auto const busy = outside.spawn([&phase] {
    phase = 1;
    phase.notify_one();
    phase.wait(1);
  });
  phase.wait(0);
  section("spawn_from_outside", [&] { outside.spawn([] {}).detach(); });
  phase = 2;
  phase.notify_one();
  busy.wait();
  return sum == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
