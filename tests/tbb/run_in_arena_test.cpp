// run_in_arena: oneTBB's algorithms on oneTBB's threads, for a task that holds no worker meanwhile.
#include <weft/tbb.hpp>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/task.h>

#include "tests/support/shapes.hpp"

using namespace shapes;

static_assert(std::is_same_v<decltype(weft::run_in_arena([] { return 1; })), weft::task<int>>);
static_assert(std::is_same_v<decltype(weft::run_in_arena(std::declval<tbb::task_arena&>(), [] {})), weft::task<>>);

namespace {

std::int64_t sum_to(std::int64_t n) {
  return tbb::parallel_reduce(
      tbb::blocked_range<std::int64_t>(0, n), std::int64_t{0},
      [](tbb::blocked_range<std::int64_t> const& r, std::int64_t s) {
        for (auto i = r.begin(); i != r.end(); ++i) s += i;
        return s;
      },
      std::plus<>());
}

}  // namespace

TEST_CASE("run_in_arena gives the value, or the error, of what ran on a thread of oneTBB") {
  on_all([] {
    auto const here = std::this_thread::get_id();
    CHECK(weft::run_in_arena([] { return sum_to(100'000); }).get() == 4'999'950'000);
    CHECK(*weft::run_in_arena([p = std::make_unique<int>(5)]() mutable { return std::move(p); }).get() == 5);
    weft::run_in_arena([] {}).get();
    CHECK(message_of<std::runtime_error>([] { weft::run_in_arena([] { throw std::runtime_error("from the arena"); }).get(); }) ==
          "from the arena");
    weft::run_in_arena([here] {
      CHECK(std::this_thread::get_id() != here);
      CHECK(weft::runtime::current() == nullptr);
      CHECK_FALSE(weft::this_task::self().valid());
      CHECK_THROWS_AS((void)weft::spawn([] {}), weft::no_runtime_error);
      CHECK(tbb::task::current_context() != nullptr);
    }).get();
  });
}

TEST_CASE("run_in_arena in an arena of one's own") {
  on_all([] {
    tbb::task_arena arena(2);
    CHECK(weft::run_in_arena(arena, [] { return tbb::this_task_arena::max_concurrency() + sum_to(3); }).get() == 5);
    CHECK(message_of<std::runtime_error>([&] { weft::run_in_arena(arena, [] { throw std::runtime_error("own"); }).get(); }) == "own");
  });
}

TEST_CASE("the task waits without holding its worker, and is seen as a task meanwhile") {
  on_all([] {
    weft::promise<> go;
    auto const there = go.get_future();
    auto t = weft::run_in_arena([there] {
      there.wait();  // blocks this thread of oneTBB
      return 1;
    });
    CHECK(t.state() <= weft::task_state::running);
    CHECK(weft::all_tasks().size() == 2);
    auto waiter = weft::spawn([&t] { return t.get(); });
    weft::spawn([&go] { go.set_value(); }).get();
    CHECK(waiter.get() == 1);
  });
}

TEST_CASE("outside of a task: no_runtime_error") {
  CHECK_THROWS_AS((void)weft::run_in_arena([] {}), weft::no_runtime_error);
  tbb::task_arena arena(1, 0);
  CHECK_THROWS_AS((void)weft::run_in_arena(arena, [] {}), weft::no_runtime_error);
}

TEST_CASE("C01 cancelled before it has started: it never runs, and its callable is destroyed") {
  on_all([] {
    tbb::task_arena arena(1, 0);
    std::latch inside(1), leave(1);
    auto first = weft::run_in_arena(arena, [&] {
      inside.count_down();
      leave.wait();
    });
    inside.wait();
    auto const token = std::make_shared<int>(0);
    auto second = weft::run_in_arena(arena, [token] { FAIL("it was cancelled"); });
    CHECK(second.cancel("not needed"));
    leave.count_down();
    first.get();
    CHECK(message_of<weft::task_cancelled_error>([&] { second.get(); }) == "not needed");
    CHECK(token.use_count() == 1);
  });
}

TEST_CASE("C22 cancelled while it runs: it ends cancelled when the call has returned, and not before") {
  on_all([] {
    std::atomic<bool> over{false};
    weft::event inside;
    weft::promise<> go;
    auto const there = go.get_future();
    auto t = weft::run_in_arena([&, there] {
      inside.set();
      there.wait();
      over = true;
      return 1;
    });
    inside.wait();
    weft::event begun;
    auto awaiter = weft::spawn([&] {
      begun.set();
      return t.get();
    });
    begun.wait();
    (void)awaiter.cancel();
    while (t.cancelling() == 0) weft::this_task::yield();  // the request may reach the awaiter a moment before its get()
    CHECK_FALSE(t.done());
    go.set_value();
    awaiter.wait();
    CHECK(awaiter.cancelled());
    CHECK(t.cancelled());
    CHECK(over);
  });
}

TEST_CASE("R02 shutdown waits for what runs in the arena") {
  for_each_worker_count([](unsigned workers) {
    std::atomic<bool> over{false};
    std::latch inside(1);
    {
      weft::runtime rt({.workers = workers});
      rt.run([&] {
        weft::run_in_arena([&] {
          inside.count_down();
          (void)sum_to(1'000'000);
          over = true;
        }).detach();
        inside.wait();
      });
    }
    CHECK(over);
  });
}

TEST_CASE("many at once share a bounded number of threads") {
  on_all([] {
    std::atomic<int> at_once{0}, most{0};
    std::mutex lock;
    std::set<std::thread::id> threads;
    std::vector<weft::task<std::int64_t>> all;
    for (int i = 0; i != 300; ++i) {
      all.push_back(weft::run_in_arena([&] {
        auto const now = ++at_once;
        for (auto m = most.load(); m < now && !most.compare_exchange_weak(m, now);) {
        }
        {
          std::lock_guard const guard{lock};
          threads.insert(std::this_thread::get_id());
        }
        auto const s = sum_to(1000);
        --at_once;
        return s;
      }));
    }
    for (auto& t : all) CHECK(t.get() == 499'500);
    CHECK(most <= static_cast<int>(std::thread::hardware_concurrency()));
    CHECK(threads.size() <= std::thread::hardware_concurrency());
  });
}

TEST_CASE("in the simulation it is a task as others") {
  in_simulations(10, [] {
    int n = 0;
    auto a = weft::run_in_arena([&] { return ++n; });
    auto b = weft::run_in_arena([&] { return ++n; });
    CHECK(a.get() + b.get() == 3);
  });
}
