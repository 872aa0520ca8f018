// signal_set: who gets a signal, what several of them are, how the wait ends, and that nothing is left afterwards.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>
#include <vector>

#include <pthread.h>
#include <unistd.h>

#include "tests/io/loopback.hpp"
#include "tests/support/child.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;

namespace {

using handler = void (*)(int);

handler action_of(int signal) {
  struct sigaction now {};
  ::sigaction(signal, nullptr, &now);
  return now.sa_handler;
}

void nothing(int) {}

// An action of the test's own, while it lives.
struct own_action {
  int const signal;
  handler const before;
  own_action(int s, handler h) : signal(s), before(std::signal(s, h)) {}
  ~own_action() { std::signal(signal, before); }
};

}  // namespace

TEST_CASE("EH6 who waits gets the signal, from any thread; it may have come before") {
  on_all([] {
    weft::signal_set set({SIGUSR1, SIGTERM});
    ::raise(SIGTERM);
    CHECK(set.wait() == SIGTERM);
    auto waiting = weft::spawn([&set] { return set.wait(); });
    until([&] { return waiting.state() == weft::task_state::suspended; });
    std::thread([] { ::raise(SIGUSR1); }).join();
    CHECK(waiting.get() == SIGUSR1);
    weft::run_blocking([] { ::raise(SIGTERM); }).get();
    CHECK(set.wait(10s) == SIGTERM);
  });
}

TEST_CASE("EH6 several numbers: each is returned, the lowest first; several of one number are one, at least") {
  on_all([] {
    weft::signal_set set({SIGUSR1, SIGUSR2, SIGHUP}), last({SIGHUP, SIGUSR1, SIGUSR2});
    for (int const s : {SIGUSR2, SIGUSR1, SIGHUP}) ::raise(s);
    std::set<int> heard;  // by the one that is told last
    while (heard.size() != 3) heard.insert(last.wait(10s));
    for (int const s : {SIGHUP, SIGUSR1, SIGUSR2}) CHECK(set.wait(10s) == s);
    for (int const s : {SIGUSR1, SIGUSR1, SIGUSR1, SIGHUP}) ::raise(s);
    heard.clear();
    while (heard.size() != 2) heard.insert(last.wait(10s));
    int times = 0;
    try {
      for (;;) times += set.wait(1ms) == SIGUSR1 ? 1 : 0;
    } catch (weft::timeout_error const&) {
    }
    CHECK(times >= 1);
    CHECK(times <= 3);
  });
}

TEST_CASE("EH6 sets side by side, and cancel_on_signals: all get it; the last to go puts the old action back") {
  for_each_worker_count([](unsigned workers) {
    own_action const mine(SIGUSR1, &nothing);
    weft::runtime_options o;
    o.workers = workers;
    o.cancel_on_signals = {SIGUSR1};
    weft::signal_set outer({SIGUSR1});
    int first = 0, second = 0, outside = 0;
    CHECK_THROWS_AS(weft::run(o, [&] {
      weft::signal_set inner({SIGUSR1, SIGUSR2});
      ::raise(SIGUSR1);
      try {
        weft::this_task::sleep_for(weft::never);
      } catch (weft::cancelled const& c) {
        CHECK(c.message() == "cancelled by SIGUSR1");
        weft::shield_scope const shield;
        first = inner.wait(10s);
        ::raise(SIGUSR1);  // which would end the process if no set had it
        second = inner.wait(10s);
        throw;
      }
    }), weft::task_cancelled_error);
    CHECK(first == SIGUSR1);
    CHECK(second == SIGUSR1);
    outside = outer.wait(10s);
    CHECK(outside == SIGUSR1);
    CHECK((action_of(SIGUSR2) == SIG_DFL));
    CHECK_FALSE((action_of(SIGUSR1) == &nothing));
    {
      weft::signal_set const more({SIGUSR1});
    }
    CHECK_FALSE((action_of(SIGUSR1) == &nothing));
  });
  CHECK((action_of(SIGUSR1) == SIG_DFL));
}

TEST_CASE("EH6 the old action is back, an ignored signal is ignored again, and what was installed in its place stays") {
  on_all([] {
    own_action const ignored(SIGUSR1, SIG_IGN), own(SIGUSR2, &nothing);
    auto const before = open_descriptors();
    {
      weft::signal_set const set({SIGUSR1, SIGUSR2});
      CHECK_FALSE((action_of(SIGUSR1) == SIG_IGN));
    }
    CHECK((action_of(SIGUSR1) == SIG_IGN));
    CHECK((action_of(SIGUSR2) == &nothing));
    CHECK(open_descriptors() <= before + 3);  // one for each signal ever named, and the thread's
    {
      weft::signal_set const set({SIGUSR2});
      std::signal(SIGUSR2, SIG_IGN);
    }
    CHECK((action_of(SIGUSR2) == SIG_IGN));
  });
}

TEST_CASE("EH6 what is no signal to wait for is refused, and leaves all as it was") {
  for (int const s : {0, -1, 65, SIGKILL, SIGSTOP, SIGSEGV}) {
    CAPTURE(s);
    CHECK(message_of<std::invalid_argument>([s] { weft::signal_set({SIGUSR1, s}); }).starts_with("weft: signal_set: " + std::to_string(s)));
  }
  CHECK_THROWS_AS(weft::signal_set({}), std::invalid_argument);
  CHECK((action_of(SIGUSR1) == SIG_DFL));
}

TEST_CASE("a deadline, cancellation: the set goes on, and nothing stays open") {
  on_all([] {
    auto set = std::make_unique<weft::signal_set>(std::initializer_list<int>{SIGUSR1});
    CHECK_THROWS_AS((void)set->wait(1ms), weft::timeout_error);
    auto const open = open_descriptors();
    for (int i = 0; i != 10; ++i) {
      CHECK_THROWS_AS((void)set->wait(10us), weft::timeout_error);
      auto const lost = weft::spawn([&set] { (void)set->wait(); });
      until([&] { return lost.state() == weft::task_state::suspended; });
      (void)lost.cancel();
      lost.wait();
      CHECK(lost.cancelled());
      ::raise(SIGUSR1);
      CHECK(set->wait() == SIGUSR1);
    }
    CHECK(open_descriptors() == open);
    CHECK(registrations() == 2);  // the reactor's own eventfd, and the set's
    set.reset();
    CHECK(registrations() == 1);
    CHECK(open_descriptors() == open - 1);
  });
}

TEST_CASE("many wait for one set: each signal goes to one of them; tasks and plain threads") {
  on_all([] {
    weft::signal_set set({SIGUSR1, SIGUSR2, SIGHUP});
    std::atomic<int> sum{0};
    std::vector<weft::task<>> tasks;
    for (int i = 0; i != 2; ++i) tasks.push_back(weft::spawn([&] { sum += set.wait(10s); }));
    std::thread other([&] { sum += set.wait(10s); });
    for (int const s : {SIGUSR1, SIGUSR2, SIGHUP}) ::raise(s);
    for (auto& t : tasks) t.get();
    other.join();
    CHECK(sum == SIGUSR1 + SIGUSR2 + SIGHUP);
  });
  weft::signal_set set({SIGUSR1, SIGUSR2});
  CHECK_THROWS_AS((void)set.wait(1ms), weft::timeout_error);
  for (int i = 0; i != 50; ++i) {
    std::atomic<int> sum{0};
    std::thread one([&] { sum += set.wait(10s); }), two([&] { sum += set.wait(10s); });
    ::raise(SIGUSR1);
    ::raise(SIGUSR2);
    one.join();
    two.join();
    REQUIRE(sum == SIGUSR1 + SIGUSR2);
  }
}

#if !defined(WEFT_TSAN)
TEST_CASE("in a forked child the signal does what it does by default, and the parent's set does not notice") {
  on_all([] {
    weft::signal_set set({SIGTERM});
    CHECK(child::in_child([] { ::raise(SIGTERM); }).killed_by(SIGTERM));
    CHECK_THROWS_AS((void)set.wait(1ms), weft::timeout_error);
  });
}
#endif

// A burst, faster than the 1 kHz of anybody's timer, through sets that come and go; at the end of each one is heard.
TEST_CASE("storm: a signal at any time, sets beside that come and go, waits that end otherwise; the last one is always heard") {
  own_action const mine(SIGUSR1, &nothing);
  auto const seed = storm::seed();
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [&] {
      weft::signal_set set({SIGUSR1});
      storm::dice dice(seed + workers);
      std::uint64_t heard = 0, sent = 0;
      auto const rounds = storm::rounds(300, 20'000);
      for (std::uint64_t i = 0; i != rounds; ++i) {
        auto coming_and_going = weft::spawn([] { weft::signal_set const other({SIGUSR1, SIGUSR2}); });
        auto const burst = 1 + dice.below(10);
        sent += burst;
        auto sending = weft::run_blocking([burst] {
          for (std::uint64_t k = 0; k != burst; ++k) ::raise(SIGUSR1);
        });
        if (dice.below(2) == 0) {
          try {
            int const s = set.wait(std::chrono::microseconds(dice.below(50)));
            CHECK(s == SIGUSR1);
            ++heard;
          } catch (weft::timeout_error const&) {
          }
        }
        sending.get();
        coming_and_going.get();
        ::raise(SIGUSR1);
        ++sent;
        CHECK(set.wait(10s) == SIGUSR1);
        ++heard;
      }
      CHECK(heard >= rounds);
      CHECK(heard <= sent);
    });
    CHECK((action_of(SIGUSR1) == &nothing));
  });
}
