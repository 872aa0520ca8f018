// cancel_on_signals: what the first signal and the second do, and that nothing of it is left afterwards.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include <pthread.h>
#include <unistd.h>

#include "scheduler/sanitizers.hpp"
#include "tests/support/child.hpp"
#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

using namespace shapes;
namespace this_task = weft::this_task;

namespace {

weft::runtime_options on_signals(unsigned workers, std::vector<int> signals) {
  weft::runtime_options o;
  o.workers = workers;
  o.cancel_on_signals = std::move(signals);
  return o;
}

// TSan runs a handler at the thread's next atomic access: a signal that comes to a thread between its last one and its sleep waits
// for ever, and so does a child that was forked while there were threads. Only a signal that a thread sends itself is safe there.
// Sent to this process; any of its threads may get it.
void send(int signal) {
#if defined(WEFT_TSAN)
  REQUIRE(::raise(signal) == 0);
#else
  REQUIRE(::kill(::getpid(), signal) == 0);
#endif
}

// How main ended: the cause and the text of its cancellation.
struct cancellation {
  weft::cancel_cause cause = weft::cancel_cause::requested;
  std::string what = "none";
};

template <class F>
cancellation cancellation_of(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (weft::task_cancelled_error const& e) {
    return {e.cause(), e.what()};
  }
  return {};
}

// A handler of the test's own, while it lives.
class own_handler {
 public:
  explicit own_handler(int signal, void (*handler)(int) = &count) : signal_(signal) {
    calls = 0;
    struct sigaction action {};
    action.sa_handler = handler;
    ::sigaction(signal, &action, &before_);
  }
  ~own_handler() { ::sigaction(signal_, &before_, nullptr); }
  own_handler(own_handler const&) = delete;
  own_handler& operator=(own_handler const&) = delete;
  [[nodiscard]] bool is_current() const { return action_of(signal_) == &count; }

  static auto action_of(int signal) -> void (*)(int) {
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    return now.sa_handler;
  }
  static void count(int) { ++calls; }
  static inline std::atomic<int> calls{0};

 private:
  int signal_;
  struct sigaction before_ {};
};

std::size_t entries(char const* directory) {
  std::size_t n = 0;
  for ([[maybe_unused]] auto const& e : std::filesystem::directory_iterator(directory)) ++n;
  return n;
}

}  // namespace

TEST_CASE("R05 the first signal cancels main, which is waiting; run() throws task_cancelled_error with cause and name") {
  for_each_worker_count([](unsigned workers) {
    for (int const s : {SIGINT, SIGTERM, SIGUSR1}) {
      auto const end = cancellation_of([&] {
        weft::run(on_signals(workers, {SIGINT, SIGTERM, SIGUSR1}), [s] {
          send(s);
          this_task::sleep_for(weft::never);
        });
      });
      CHECK(end.cause == weft::cancel_cause::signal);
      CHECK(end.what == std::string("cancelled by ") + (s == SIGINT ? "SIGINT" : s == SIGTERM ? "SIGTERM" : "SIGUSR1"));
    }
  });
}

TEST_CASE("R05 main sees `cancelled` with cause and message, may clean up and wait meanwhile; its own end counts") {
  for_each_worker_count([](unsigned workers) {
    auto const until_cancelled = [] {
      try {
        send(SIGUSR1);
        this_task::sleep_for(weft::never);
      } catch (weft::cancelled const& c) {
        CHECK(c.cause() == weft::cancel_cause::signal);
        CHECK(c.message() == "cancelled by SIGUSR1");
        this_task::sleep_for(std::chrono::microseconds(10));
        CHECK(weft::spawn([] { return 1; }).get() == 1);
      }
    };
    CHECK(weft::run(on_signals(workers, {SIGUSR1}), [&] {
            until_cancelled();
            return 5;
          }) == 5);
    CHECK_THROWS_AS(weft::run(on_signals(workers, {SIGUSR1}), [&] {
                      until_cancelled();
                      throw std::domain_error("main's own");
                    }),
                    std::domain_error);
  });
}

TEST_CASE("R05 a value returned after the signal is the value, whether main has looked or not") {
  for_each_worker_count([](unsigned workers) {
    CHECK(weft::run(on_signals(workers, {SIGUSR1}), [] {
            send(SIGUSR1);
            while (!this_task::cancel_requested()) std::this_thread::yield();
            return 7;
          }) == 7);
    for (int i = 0; i != 20; ++i) {
      CHECK(weft::run(on_signals(workers, {SIGUSR1}), [] {
              ::raise(SIGUSR1);  // the handler has run; main may end before anybody else has noticed
              return 7;
            }) == 7);
    }
  });
}

TEST_CASE("R05 what main waits for is cancelled with it, left-overs as at every end of run()") {
  for_each_worker_count([](unsigned workers) {
    std::atomic<int> ended{0};
    auto const end = cancellation_of([&] {
      weft::run(on_signals(workers, {SIGUSR1}), [&ended] {
        struct count {
          std::atomic<int>& n;
          ~count() { ++n; }
        };
        weft::promise<> running;
        weft::spawn([&ended, &running] {
          count const at_end{ended};
          running.set_value();
          this_task::sleep_for(weft::never);
        }).detach();
        running.get_future().get();
        auto const child = weft::spawn([&ended] {
          count const at_end{ended};
          send(SIGUSR1);
          this_task::sleep_for(weft::never);
        });
        child.get();
      });
    });
    CHECK(end.cause == weft::cancel_cause::signal);
    CHECK(ended == 2);
  });
}

TEST_CASE("R05 the signal may come to any thread: a plain one, a blocking one, one that computes") {
  for_each_worker_count([](unsigned workers) {
    std::thread other;
    auto end = cancellation_of([&] {
      weft::run(on_signals(workers, {SIGUSR1}), [&other] {
        other = std::thread([] { ::raise(SIGUSR1); });
        this_task::sleep_for(weft::never);
      });
    });
    other.join();
    CHECK(end.cause == weft::cancel_cause::signal);
    end = cancellation_of([&] {
      weft::run(on_signals(workers, {SIGUSR1}), [] {
        weft::run_blocking([] {
          ::raise(SIGUSR1);
          until([] { return this_task::cancel_requested(); });
        }).get();
      });
    });
    CHECK(end.cause == weft::cancel_cause::signal);
    end = cancellation_of([&] {
      weft::run(on_signals(workers, {SIGUSR1}), [] {
        ::raise(SIGUSR1);
        for (;;) this_task::checkpoint();
      });
    });
    CHECK(end.cause == weft::cancel_cause::signal);
  });
}

TEST_CASE("R06 a second signal before main has ended gets its default action: the same one or another that was named") {
  struct {
    int first, second;
  } const orders[] = {{SIGINT, SIGINT}, {SIGINT, SIGTERM}, {SIGTERM, SIGINT}, {SIGUSR1, SIGUSR1}};
  for (auto const& o : orders) {
    CAPTURE(o.first);
    CAPTURE(o.second);
    auto const result = child::in_child([&o] {
      weft::run(on_signals(2, {SIGINT, SIGTERM, SIGUSR1}), [&o] {
        try {
          send(o.first);
          this_task::sleep_for(weft::never);
        } catch (weft::cancelled const&) {
          send(o.second);
          this_task::sleep_for(weft::never);  // a clean-up that takes too long
        }
      });
    });
    CHECK(result.killed_by(o.second));
  }
}

TEST_CASE("R06 also when both come before anybody has looked at the first, and when no task ever looks") {
  auto const at_once = child::in_child([] {
    weft::run(on_signals(1, {SIGINT, SIGTERM}), [] {
      ::raise(SIGTERM);
      ::raise(SIGTERM);
      for (;;) {
      }
    });
  });
  CHECK(at_once.killed_by(SIGTERM));
}

TEST_CASE("R06 a default action of doing nothing is nothing") {
  auto const end = cancellation_of([&] {
    weft::run(on_signals(2, {SIGURG}), [] {
      try {
        send(SIGURG);
        this_task::sleep_for(weft::never);
      } catch (weft::cancelled const&) {
        send(SIGURG);
        until([] { return own_handler::action_of(SIGURG) == SIG_DFL; });
        throw;
      }
    });
  });
  CHECK(end.cause == weft::cancel_cause::signal);
}

TEST_CASE("R07 main was cancelled for another reason first: that is what run() tells") {
  for_each_worker_count([](unsigned workers) {
    auto const end = cancellation_of([&] {
      weft::run(on_signals(workers, {SIGUSR1}), [] {
        (void)this_task::self().cancel("by itself");
        send(SIGUSR1);
        while (this_task::cancelling() != 2) std::this_thread::yield();
        this_task::checkpoint();
      });
    });
    CHECK(end.cause == weft::cancel_cause::requested);
    CHECK(end.what == "by itself");
  });
}

TEST_CASE("R08 old handlers are back as soon as main has ended, however it ended, and during the end of what is left") {
  for_each_worker_count([](unsigned workers) {
    own_handler const mine(SIGUSR1);
    weft::run(on_signals(workers, {SIGUSR1}), [&mine] { CHECK_FALSE(mine.is_current()); });
    CHECK(mine.is_current());
    CHECK_THROWS_AS(weft::run(on_signals(workers, {SIGUSR1}), [] { throw 1; }), int);
    CHECK(mine.is_current());
    (void)cancellation_of([&] {
      weft::run(on_signals(workers, {SIGUSR1}), [] {
        send(SIGUSR1);
        this_task::sleep_for(weft::never);
      });
    });
    CHECK(mine.is_current());
    CHECK(own_handler::calls == 0);
    bool back = false;
    weft::run(on_signals(workers, {SIGUSR1}), [&] {
      weft::promise<> running;
      weft::spawn([&] {
        running.set_value();
        try {
          this_task::sleep_for(weft::never);
        } catch (weft::cancelled const&) {
          back = mine.is_current();
          throw;
        }
      }).detach();
      running.get_future().get();
    });
    CHECK(back);
    ::raise(SIGUSR1);
    CHECK(own_handler::calls == 1);
  });
}

TEST_CASE("R08 an ignored signal is taken too, and ignored again afterwards") {
  own_handler const ignored(SIGUSR1, SIG_IGN);
  auto const end = cancellation_of([&] {
    weft::run(on_signals(2, {SIGUSR1}), [] {
      send(SIGUSR1);
      this_task::sleep_for(weft::never);
    });
  });
  CHECK(end.cause == weft::cancel_cause::signal);
  CHECK((own_handler::action_of(SIGUSR1) == SIG_IGN));
}

TEST_CASE("R08 a handler that was installed in the place of ours stays") {
  auto const before = own_handler::action_of(SIGUSR1);
  weft::run(on_signals(2, {SIGUSR1}), [] {
    std::signal(SIGUSR1, &own_handler::count);
    ::raise(SIGUSR1);
    this_task::yield();
  });
  CHECK((own_handler::action_of(SIGUSR1) == &own_handler::count));
  std::signal(SIGUSR1, before);
}

TEST_CASE("R08 no signal is touched that was not named, none outside of run(), and no mask") {
  own_handler const mine(SIGUSR1), other(SIGUSR2);
  sigset_t before;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  weft::runtime rt(on_signals(2, {SIGUSR2}));
  CHECK(other.is_current());
  rt.spawn([&other] { CHECK(other.is_current()); }).get();
  rt.run([&] {
    CHECK_FALSE(other.is_current());
    CHECK(mine.is_current());
    auto const unblocked = [] {
      sigset_t now;
      ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
      return ::sigismember(&now, SIGUSR1) == 0 && ::sigismember(&now, SIGUSR2) == 0;
    };
    CHECK(unblocked());
    CHECK(weft::run_blocking(unblocked).get());
  });
  CHECK(other.is_current());
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int s = 1; s != 65; ++s) CHECK(::sigismember(&before, s) == ::sigismember(&after, s));
  weft::run([&] { CHECK((mine.is_current() && other.is_current())); });
}

TEST_CASE("R09 each run() of a runtime has its own first signal") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt(on_signals(workers, {SIGUSR1, SIGUSR2}));
    for (int i = 0; i != 20; ++i) {
      auto const end = cancellation_of([&] {
        rt.run([i] {
          send(i % 2 == 0 ? SIGUSR1 : SIGUSR2);
          this_task::sleep_for(weft::never);
        });
      });
      CHECK(end.what == (i % 2 == 0 ? "cancelled by SIGUSR1" : "cancelled by SIGUSR2"));
    }
  });
}

TEST_CASE("X11 of two runtimes that name the same signal both mains are cancelled; the last to end gives it back") {
  for_each_worker_count([](unsigned workers) {
    own_handler const mine(SIGUSR1);
    weft::runtime one(on_signals(workers, {SIGUSR1})), two(on_signals(workers, {SIGUSR1, SIGUSR2}));
    weft::promise<> first_runs, go;
    cancellation first;
    bool still_ours = false;
    std::thread other([&] {
      first = cancellation_of([&] {
        one.run([&] {
          first_runs.set_value();
          this_task::sleep_for(weft::never);
        });
      });
      still_ours = !mine.is_current();
      go.set_value();
    });
    first_runs.get_future().get();
    auto const second = cancellation_of([&] {
      two.run([&] {
        try {
          send(SIGUSR1);
          this_task::sleep_for(weft::never);
        } catch (weft::cancelled const&) {
          weft::shield_scope const shield;
          go.get_future().get();
          throw;
        }
      });
    });
    other.join();
    CHECK(first.cause == weft::cancel_cause::signal);
    CHECK(second.cause == weft::cancel_cause::signal);
    CHECK(still_ours);
    CHECK(mine.is_current());
  });
}

TEST_CASE("X11 run() inside a task of another runtime: one signal ends both, from the inside out") {
  for_each_worker_count([](unsigned workers) {
    auto const end = cancellation_of([&] {
      weft::run(on_signals(workers, {SIGUSR1}), [workers] {
        weft::run(on_signals(workers, {SIGUSR1}), [] {
          send(SIGUSR1);
          this_task::sleep_for(weft::never);
        });
      });
    });
    CHECK(end.cause == weft::cancel_cause::signal);
  });
}

#if !defined(WEFT_TSAN)
TEST_CASE("X11 in a forked child the signal does what it did by default, and the parent does not notice") {
  CHECK(weft::run(on_signals(1, {SIGTERM}), [] {
          CHECK(child::in_child([] { ::raise(SIGTERM); }).killed_by(SIGTERM));
          this_task::yield();
          return this_task::cancelling();
        }) == 0);
}
#endif

TEST_CASE("what is no signal to wait for is refused by the constructor") {
  for (int const s : {0, -1, 65, 9999, SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    CAPTURE(s);
    CHECK_THROWS_AS(weft::runtime(on_signals(1, {SIGINT, s})), std::invalid_argument);
  }
  CHECK_THROWS_AS(weft::simulation(1, on_signals(1, {SIGINT})), std::invalid_argument);
  weft::run(on_signals(1, {SIGUSR1, SIGUSR1, SIGRTMIN + 3, SIGHUP}), [] {});
}

TEST_CASE("a name for signals that have none") {
  int const realtime = SIGRTMIN + 3;
  auto const end = cancellation_of([&] {
    weft::run(on_signals(1, {realtime}), [realtime] {
      send(realtime);
      this_task::sleep_for(weft::never);
    });
  });
  CHECK(end.what == "cancelled by signal " + std::to_string(realtime));
}

TEST_CASE("a storm of signals at any time of run(), from outside: cancelled or finished, and nothing is left behind") {
  own_handler const mine(SIGUSR1);
  storm::dice roll(storm::seed());
  weft::run(on_signals(2, {SIGUSR1}), [] {});
  auto const threads = entries("/proc/self/task");
  auto const descriptors = entries("/proc/self/fd");
  std::atomic<std::uint64_t> cancelled{0}, finished{0}, sent{0}, wanted{0};
  std::atomic<bool> over{false};
  std::thread sender([&] {
    for (std::uint64_t done = 0; !over;) {
      if (wanted.load() == done) {
        std::this_thread::yield();
        continue;
      }
      ++done;
      send(SIGUSR1);
      sent = done;
    }
  });
  std::uint64_t const rounds = storm::rounds(300, 20'000);
  for (std::uint64_t i = 0; i != rounds; ++i) {
    auto const work = roll.below(500);
    auto const when = roll.below(3);  // before run() or not, for as long as it takes, or for a while
    if (when == 0) ++wanted;
    auto const end = cancellation_of([&] {
      weft::run(on_signals(1 + static_cast<unsigned>(i % 2), {SIGUSR1}), [&] {
        if (when != 0) ++wanted;
        if (when == 1) this_task::sleep_for(weft::never);
        for (std::uint64_t k = 0; k != work; ++k) this_task::yield();
      });
    });
    ++(end.cause == weft::cancel_cause::signal ? cancelled : finished);
    storm::wait_until([&] { return sent == wanted; });
    REQUIRE(mine.is_current());
  }
  over = true;
  sender.join();
  CHECK(cancelled + finished == rounds);
  // One that was joined may stay there a moment longer: now, or when they were counted.
  storm::wait_until([&] { return entries("/proc/self/task") <= threads; });
  CHECK(entries("/proc/self/fd") == descriptors);
  MESSAGE("cancelled " << cancelled.load() << ", finished " << finished.load() << ", to the old handler " << own_handler::calls.load());
}
