// run_blocking and blocking_pool: calls on threads of their own, waited for whatever happens.
#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <set>
#include <thread>

#include "tests/support/shapes.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

namespace {

// A pool's only thread, taken as long as it lives.
class taken_thread {
 public:
  template <class Launch>
  explicit taken_thread(Launch&& launch) : call_(launch([this] {
    inside_.count_down();
    go_.wait();
  })) {
    inside_.wait();
  }
  ~taken_thread() {
    CHECK_FALSE(call_.done());
    go_.count_down();
    weft::shield_scope const whatever_comes;
    call_.wait();
  }

 private:
  std::latch inside_{1}, go_{1};
  weft::task<> call_;
};

auto const of_the_runtime = [](auto f) { return weft::run_blocking(f); };

// main, with all threads for blocking calls taken.
template <class F>
void with_no_thread_left(F&& main) {
  for_each_worker_count([&](unsigned workers) {
    weft::runtime_options o;
    o.workers = workers;
    o.max_blocking_threads = 1;
    weft::run(o, [&main] {
      taken_thread const first(of_the_runtime);
      main();
    });
  });
}

std::uint64_t queued() { return weft::runtime::current()->metrics().blocking_queue; }

}  // namespace

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

TEST_CASE("C22 cancelled in the queue it ends at once, with all threads taken; what it has captured is gone by then") {
  with_no_thread_left([] {
    for (int const which : {0, 1, 2}) {  // the first, one between, the last
      auto const kept = std::make_shared<int>(0);
      std::atomic<int> ran{0};
      std::vector<weft::task<>> calls;
      for (int i = 0; i != 3; ++i) calls.push_back(weft::run_blocking([&ran, kept] { ++ran; }));
      CHECK(queued() == 3);
      auto const chosen = calls[static_cast<std::size_t>(which)];
      CHECK(chosen.cancel("changed my mind"));
      CHECK(message_of<weft::task_cancelled_error>([&] { chosen.get(); }) == "changed my mind");
      CHECK(kept.use_count() == 3);
      CHECK(queued() == 2);
      CHECK_FALSE(chosen.cancel());
      for (auto const& c : calls) (void)c.cancel();
      for (auto const& c : calls) c.wait();
      CHECK(queued() == 0);
      CHECK(kept.use_count() == 1);
      CHECK(ran == 0);
    }
  });
}

TEST_CASE("OF02 of those that are left in the queue the first comes first; they run though others were cancelled") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime_options o;
    o.workers = workers;
    o.max_blocking_threads = 1;
    weft::run(o, [] {
      std::vector<int> order;
      std::vector<weft::task<>> calls;
      {
        taken_thread const first(of_the_runtime);
        for (int i = 0; i != 30; ++i) calls.push_back(weft::run_blocking([&order, i] { order.push_back(i); }));
        for (std::size_t i = 0; i != 30; i += 3) (void)calls[i].cancel();
      }
      for (auto const& c : calls) c.wait();
      CHECK(order.size() == 20);
      CHECK(std::is_sorted(order.begin(), order.end()));
      CHECK(std::none_of(order.begin(), order.end(), [](int i) { return i % 3 == 0; }));
    });
  });
}

TEST_CASE("C22 a cancelled awaiter, a time-out, a group that ends: with all threads taken they do not wait for one") {
  with_no_thread_left([] {
    std::atomic<int> ran{0};
    auto const call = [&ran] {
      int on_my_stack = 0;
      weft::run_blocking([&] {
        on_my_stack = 1;
        ++ran;
      }).get();
    };
    auto const awaiter = weft::spawn(call);
    until([] { return queued() == 1; });
    CHECK(awaiter.cancel("enough"));
    CHECK(message_of<weft::task_cancelled_error>([&] { awaiter.get(); }) == "enough");

    CHECK_THROWS_AS(weft::with_timeout(1ms, call), weft::timeout_error);
    CHECK_THROWS_AS(weft::with_timeout(1ms, weft::run_blocking([&ran] { ++ran; })), weft::timeout_error);
    CHECK(this_task::cancelling() == 0);

    weft::with_group([&](weft::task_group& g) {
      for (int i = 0; i != 5; ++i) g.spawn(call);
      until([] { return queued() == 5; });
      g.cancel();
    });
    CHECK(queued() == 0);
    CHECK(ran == 0);
  });
}

TEST_CASE("cancelled in the queue, from a plain thread; discarded as a task of its runtime, where a destructor may suspend") {
  with_no_thread_left([] {
    struct captured {
      std::uint64_t* id;
      explicit captured(std::uint64_t* i) noexcept : id(i) {}
      captured(captured&& o) noexcept : id(std::exchange(o.id, nullptr)) {}
      ~captured() {
        if (id == nullptr) return;
        weft::shield_scope const whole;
        this_task::yield();
        CHECK(weft::spawn([] { return 3; }).get() == 3);
        *id = this_task::id();
      }
    };
    std::uint64_t discarded_by = 0;
    auto const call = weft::run_blocking([c = captured(&discarded_by)] {});
    std::thread([&call] { CHECK(call.cancel("from outside")); }).join();
    CHECK(message_of<weft::task_cancelled_error>([&] { call.get(); }) == "from outside");
    CHECK(discarded_by == call.id());
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

// The threads are free when what is queued has been discarded; not before.
TEST_CASE("OF03 a runtime that ends: what is queued ends at once, in its own pool and in others', while all threads are taken") {
  for_each_worker_count([](unsigned workers) {
    constexpr int queued_calls = 10;
    weft::blocking_pool others(1);
    std::latch discarded(queued_calls);
    std::atomic<int> ran{0};
    struct captured {
      std::latch* discarded;
      explicit captured(std::latch& l) noexcept : discarded(&l) {}
      captured(captured&& o) noexcept : discarded(std::exchange(o.discarded, nullptr)) {}
      ~captured() {
        if (discarded != nullptr) discarded->count_down();
      }
    };
    weft::runtime_options o;
    o.workers = workers;
    o.max_blocking_threads = 1;
    weft::run(o, [&] {
      std::latch inside(2);
      auto const wait = [&] {
        inside.count_down();
        discarded.wait();
      };
      weft::run_blocking(wait).detach();
      others.submit(wait).detach();
      inside.wait();
      for (int i = 0; i != queued_calls / 2; ++i) {
        weft::run_blocking([&ran, c = captured(discarded)] { ++ran; }).detach();
        others.submit([&ran, c = captured(discarded)] { ++ran; }).detach();
      }
    });
    CHECK(ran == 0);
  });
}

TEST_CASE("storm C22 cancels of all kinds against two threads: each call runs once or never, each awaiter hears once, each capture dies once") {
  auto const seed = storm::seed();
  auto const rounds = storm::rounds(400, 40'000);
  for_each_worker_count([&](unsigned workers) {
    std::atomic<std::uint64_t> made{0}, gone{0}, heard{0}, finished{0}, cancelled{0}, wrong{0};
    struct counted {
      std::atomic<std::uint64_t>&made, &gone;
      counted(std::atomic<std::uint64_t>& m, std::atomic<std::uint64_t>& g) : made(m), gone(g) { ++made; }
      counted(counted const& o) : made(o.made), gone(o.gone) { ++made; }
      ~counted() { ++gone; }
    };
    constexpr std::uint64_t askers = 8;
    weft::runtime_options o;
    o.workers = workers;
    o.max_blocking_threads = 2;
    weft::run(o, [&] {
      weft::with_group([&](weft::task_group& g) {
        for (std::uint64_t k = 0; k != askers; ++k) {
          g.spawn([&, k] {
            storm::dice dice(seed + k);
            for (std::uint64_t i = 0; i != rounds; ++i) {
              int runs = 0;  // refers to this stack: who hears too early shows it
              auto call = weft::run_blocking([&runs, c = counted(made, gone)] { ++runs; });
              auto const news = call.on_done([&heard](auto const&) { ++heard; });
              auto const pause = [&dice] {
                for (auto n = dice.below(4); n != 0; --n) this_task::yield();
              };
              switch (dice.below(6)) {
                case 0: pause(); (void)call.cancel("the storm"); break;
                case 1: {
                  auto const other = weft::spawn([call] { (void)call.cancel("another"); });
                  auto const third = weft::spawn([call] { (void)call.cancel("a third"); });
                  other.get();
                  third.get();
                  break;
                }
                case 2:
                  try {
                    weft::with_timeout(std::chrono::microseconds(dice.below(60)), call);
                  } catch (weft::timeout_error const&) {
                  } catch (weft::task_cancelled_error const&) {
                  }
                  break;
                case 3: {
                  auto const awaiter = weft::spawn([call] { call.get(); });
                  pause();
                  (void)awaiter.cancel();
                  awaiter.wait();
                  break;
                }
                default: break;
              }
              {
                weft::shield_scope const whatever_comes;
                call.wait();
              }
              bool const ended_cancelled = call.cancelled();
              wrong += ended_cancelled ? (runs > 1 ? 1 : 0) : (runs == 1 ? 0 : 1);
              ++(ended_cancelled ? cancelled : finished);
            }
          });
        }
      });
      CHECK(queued() == 0);
    });
    CHECK(wrong == 0);
    CHECK(finished + cancelled == askers * rounds);
    CHECK(heard == askers * rounds);
    CHECK(made == gone);
  });
}

TEST_CASE("storm OF03 runtimes that end while their tasks make calls, in a pool that they share: nothing is left in it") {
  auto const seed = storm::seed();
  weft::blocking_pool shared(2);
  std::atomic<std::uint64_t> made{0}, gone{0};
  struct counted {
    std::atomic<std::uint64_t>&made, &gone;
    counted(std::atomic<std::uint64_t>& m, std::atomic<std::uint64_t>& g) : made(m), gone(g) { ++made; }
    counted(counted const& o) : made(o.made), gone(o.gone) { ++made; }
    ~counted() { ++gone; }
  };
  auto const rounds = storm::rounds(60, 6'000);
  storm::stampede(2, [&](unsigned thread) {
    storm::dice dice(seed + thread);
    for (std::uint64_t i = 0; i != rounds; ++i) {
      weft::runtime_options o;
      o.workers = 1 + static_cast<unsigned>(dice.below(3));
      o.max_blocking_threads = 1;
      o.on_unhandled = [](weft::unhandled_error const&) {};  // a call may hear of the end before who waits for it
      weft::run(o, [&] {
        for (int n = 0; n != 6; ++n) {
          weft::spawn([&] {
            for (;;) {  // until it is cancelled
              weft::run_blocking([c = counted(made, gone)] {}).get();
              shared.submit([c = counted(made, gone)] {}).get();
            }
          }).detach();
        }
        for (auto n = dice.below(30); n != 0; --n) this_task::yield();
      });
    }
  });
  CHECK(made == gone);
}

// Workers that fall asleep while threads of the pool wake them, by turns: a wake-up that relied on a waker without anybody to wake was lost.
TEST_CASE("storm OF01 one call after the other, in two runtimes at once: each comes back") {
  auto const rounds = storm::rounds(3'000, 1'000'000);
  for (unsigned const workers : shapes::worker_counts) {
    std::atomic<std::uint64_t> sum{0};
    storm::stampede(2, [&](unsigned) {
      weft::run({.workers = workers}, [&] {
        for (std::uint64_t i = 0; i != rounds; ++i) sum += weft::run_blocking([i] { return i; }).get();
      });
    });
    CHECK(sum == rounds * (rounds - 1));
  }
}
