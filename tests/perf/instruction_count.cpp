// A fixed program for callgrind: what the fast paths cost in instructions, on one worker. Prints nothing of its own; each section's
// counts go to a dump named after it (instruction_count.py reads them). Run alone it is quick and says nothing.
#include <cstdint>
#include <cstdlib>
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
    section("suspend_resume", [&] {
      weft::promise<int> p;
      auto waiter = weft::spawn([f = p.get_future()] { return f.get(); });
      weft::this_task::yield();
      p.set_value(1);
      waiter.wait();
      sum += static_cast<std::uint64_t>(std::move(waiter).get());
    });
  });
  return sum == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
