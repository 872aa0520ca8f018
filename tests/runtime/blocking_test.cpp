// run_blocking and blocking_pool: calls on threads of their own, waited for whatever happens.
#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <set>
#include <thread>

#include "tests/support/shapes.hpp"

using namespace shapes;
namespace this_task = weft::this_task;

TEST_CASE("OF01 runs on another thread; value and error come back") {
  on_all([] {
    std::thread::id const here = std::this_thread::get_id();
    CHECK(weft::run_blocking([] { return std::this_thread::get_id(); }).get() != here);
    CHECK(weft::run_blocking([] { return std::string("value"); }).get() == "value");
    CHECK(message_of<std::domain_error>([] {
            (void)weft::run_blocking([]() -> int { throw std::domain_error("from the thread"); }).get();
          }) == "from the thread");
    weft::run_blocking([] {}).get();
  });
}

TEST_CASE("OF01 in a simulation it runs as a task; the result is the same") {
  in_simulations(10, [] {
    CHECK(weft::run_blocking([] { return 3; }).get() == 3);
    CHECK_THROWS_AS((void)weft::run_blocking([]() -> int { throw 1; }).get(), int);
  });
}

TEST_CASE("OF02 each runs exactly once, and many at the same time") {
  on_all([] {
    constexpr int n = 16;
    std::latch all_here(n);
    std::atomic<int> runs{0};
    std::vector<weft::task<int>> calls;
    for (int i = 0; i != n; ++i) {
      calls.push_back(weft::run_blocking([&, i] {
        ++runs;
        all_here.arrive_and_wait();  // blocks the thread until all are inside
        return i;
      }));
    }
    for (int i = 0; i != n; ++i) CHECK(calls[static_cast<std::size_t>(i)].get() == i);
    CHECK(runs == n);
  });
}

TEST_CASE("OF02 max_blocking_threads bounds the threads; the rest waits its turn, first come first served") {
  weft::runtime_options o;
  o.workers = 2;
  o.max_blocking_threads = 1;
  weft::run(o, [] {
    std::latch go(1);
    std::vector<int> order;
    std::vector<weft::task<>> calls;
    calls.push_back(weft::run_blocking([&go] { go.wait(); }));
    for (int i = 0; i != 20; ++i) calls.push_back(weft::run_blocking([&order, i] { order.push_back(i); }));
    auto const m = weft::runtime::current()->metrics();
    CHECK(m.blocking_threads == 1);
    CHECK(m.blocking_queue >= 20);
    go.count_down();
    for (auto const& c : calls) c.get();
    CHECK(order.size() == 20);
    CHECK(std::is_sorted(order.begin(), order.end()));
  });
}

TEST_CASE("OF03 the workers are free while calls block") {
  on_all([] {
    std::latch go(1);
    auto const call = weft::run_blocking([&go] {
      go.wait();
      return 1;
    });
    for (int i = 0; i != 100; ++i) this_task::yield();
    CHECK(weft::spawn([] { return 2; }).get() == 2);
    CHECK_FALSE(call.done());
    go.count_down();
    CHECK(call.get() == 1);
  });
}

TEST_CASE("cancelled before it started it never runs") {
  weft::runtime_options o;
  o.workers = 2;
  o.max_blocking_threads = 1;
  weft::run(o, [] {
    std::latch go(1);
    auto const first = weft::run_blocking([&go] { go.wait(); });
    auto const kept = std::make_shared<int>(0);
    std::atomic<bool> ran{false};
    auto const second = weft::run_blocking([&ran, kept] { ran = true; });
    CHECK(second.cancel("changed my mind"));
    go.count_down();
    first.get();
    CHECK(message_of<weft::task_cancelled_error>([&] { second.get(); }) == "changed my mind");
    CHECK_FALSE(ran);
    CHECK(kept.use_count() == 1);
  });
}

TEST_CASE("C22 cancelled while it runs: cancelled when the call has returned, whatever it returned") {
  on_all([] {
    std::latch inside(1), go(1);
    bool returned = false;
    auto const call = weft::run_blocking([&] {
      inside.count_down();
      go.wait();
      returned = true;
      return std::make_unique<int>(1);
    });
    inside.wait();
    CHECK(call.cancel("too late to stop"));
    CHECK_FALSE(call.done());
    go.count_down();
    CHECK(message_of<weft::task_cancelled_error>([&] { (void)call.get(); }) == "too late to stop");
    CHECK(returned);
  });
}

TEST_CASE("C22 OF04 a cancelled awaiter waits for the thread: the call may use the awaiter's stack") {
  on_all([] {
    std::latch inside(1), go(1);
    std::atomic<bool> awaiter_over{false};
    auto const awaiter = weft::spawn([&] {
      int on_my_stack = 0;
      struct mark {
        std::atomic<bool>& over;
        ~mark() { over = true; }
      } const at_end{awaiter_over};
      weft::run_blocking([&] {
        inside.count_down();
        go.wait();
        CHECK_FALSE(awaiter_over);
        on_my_stack = 1;
      }).get();
    });
    weft::run_blocking([&] { inside.wait(); }).get();
    CHECK(awaiter.cancel());
    for (int i = 0; i != 10; ++i) this_task::yield();
    CHECK_FALSE(awaiter.done());
    go.count_down();
    awaiter.wait();
    CHECK(awaiter.cancelled());
  });
}

TEST_CASE("inside the call its task is current, and its cancellation reaches the call's waits") {
  on_all([] {
    weft::promise<> p;
    std::latch inside(1);
    auto const call = weft::run_blocking([&inside, f = p.get_future()] {
      auto const id = this_task::id();
      CHECK(id != 0);
      CHECK(this_task::self().id() == id);
      CHECK(weft::runtime::current() != nullptr);
      this_task::yield();
      CHECK(weft::spawn([] { return 5; }).get() == 5);
      inside.count_down();
      try {
        f.wait();
      } catch (weft::cancelled const& e) {
        CHECK(e.message() == "through to the thread");
        CHECK(this_task::cancelling() == 1);
        throw;
      }
    });
    weft::run_blocking([&inside] { inside.wait(); }).get();
    CHECK(call.cancel("through to the thread"));
    CHECK(message_of<weft::task_cancelled_error>([&] { call.get(); }) == "through to the thread");
    p.set_value();
  });
}

TEST_CASE("a call that swallows the cancellation in a wait ends with its value") {
  on_all([] {
    weft::promise<> never;
    std::latch inside(1);
    auto const call = weft::run_blocking([&inside, f = never.get_future()] {
      inside.count_down();
      try {
        f.wait();
      } catch (weft::cancelled const&) {
      }
      return 8;
    });
    weft::run_blocking([&inside] { inside.wait(); }).get();
    CHECK(call.cancel());
    CHECK(call.get() == 8);
  });
}

TEST_CASE("calls can sleep, be named, and be seen") {
  on_all([] {
    std::latch go(1), named(1);
    auto const call = weft::run_blocking([&] {
      this_task::set_name("the call");
      this_task::sleep_for(std::chrono::microseconds(10));
      named.count_down();
      go.wait();
    });
    named.wait();
    bool seen = false;
    for (auto const& t : weft::all_tasks()) seen = seen || (t.name == "the call" && t.id == call.id());
    CHECK(seen);
    go.count_down();
    call.get();
  });
}

TEST_CASE("outside of a task: no_runtime_error, and nothing of the callable is left") {
  auto const kept = std::make_shared<int>(0);
  CHECK_THROWS_AS((void)weft::run_blocking([kept] {}), weft::no_runtime_error);
  weft::blocking_pool pool(1);
  CHECK_THROWS_AS((void)pool.submit([kept] {}), weft::no_runtime_error);
  CHECK(kept.use_count() == 1);
}

TEST_CASE("OF05 blocking_pool: threads of one's own, at most so many; queued calls still run when it goes") {
  CHECK_THROWS_AS(weft::blocking_pool(0), std::invalid_argument);
  on_all([] {
    std::vector<weft::task<std::thread::id>> calls;
    std::atomic<int> inside{0}, most{0};
    {
      weft::blocking_pool pool(2);
      for (int i = 0; i != 40; ++i) {
        calls.push_back(pool.submit([&] {
          int const now = ++inside;
          for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
          }
          std::this_thread::yield();
          --inside;
          return std::this_thread::get_id();
        }));
      }
    }
    std::set<std::thread::id> threads;
    for (auto const& c : calls) threads.insert(c.get());
    CHECK(most <= 2);
    CHECK(threads.size() <= 2);
  });
}

TEST_CASE("blocking_pool: one pool serves several runtimes, and outlives them") {
  weft::blocking_pool pool(2);
  for (int i = 0; i != 200; ++i) {
    int const v = run_on(1, [&pool] { return pool.submit([] { return 1; }).get(); });
    CHECK(v == 1);
  }
}

TEST_CASE("OF03 a runtime that ends waits for the call that is under way; what is queued never runs") {
  for_each_worker_count([](unsigned workers) {
    std::latch inside(1), go(1);
    std::atomic<bool> returned{false}, second{false};
    weft::runtime_options o;
    o.workers = workers;
    o.max_blocking_threads = 1;
    std::thread opener;
    weft::run(o, [&] {
      weft::run_blocking([&] {
        inside.count_down();
        go.wait();
        returned = true;
      }).detach();
      weft::run_blocking([&] { second = true; }).detach();
      inside.wait();
      opener = std::thread([&go] { go.count_down(); });
    });
    CHECK(returned);
    opener.join();
  });
}
