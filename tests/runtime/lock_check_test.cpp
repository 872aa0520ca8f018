// The debug report of locks that are held over a suspension. The cases of what is held are run by this program in another of itself, with
// libweft_lock_check.so in front of the C library: where there is none, in builds with a sanitizer, it says so when it is asked.
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include <fcntl.h>
#include <pthread.h>

#include "scheduler/sanitizers.hpp"
#include "tests/support/child.hpp"
#include "tests/support/shapes.hpp"
#include "tests/support/stderr.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

#if defined(WEFT_ASAN) || defined(WEFT_TSAN)

#include "runtime/inspection/held_lock.hpp"

extern "C" std::size_t weft_take_held_locks(weft_held_lock*, std::size_t) noexcept { return 0; }

TEST_CASE("the library in a program with a sanitizer: told that it is of no use") {
  captured_stderr const err;
  weft::run({.workers = 2, .debug = true}, [] {});
  CHECK(err.text().starts_with("weft: sanitizers stand in for "));
}

#elif defined(WEFT_LOCK_CHECK)

namespace {

child::outcome preloaded(std::string const& name, char const* debug = "1") {
  return child::in_child([&] {
    ::setenv("LD_PRELOAD", WEFT_LOCK_CHECK, 1);
    ::setenv("WEFT_DEBUG", debug, 1);
    ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
    ::execl("/proc/self/exe", "lock_check_test", ("-tc=" + name).c_str(), "--no-skip=true", nullptr);
    ::_exit(127);
  });
}

std::size_t count(std::string const& text, std::string const& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

// Suspended meanwhile, whatever the others do.
template <class F>
void while_suspended(std::string name, F body) {
  weft::promise<> p;
  auto const t = weft::spawn({.name = std::move(name)}, [body, f = p.get_future()] { body(f); });
  until([&] { return t.state() == weft::task_state::suspended; });
  p.set_value();
  t.get();
}

}  // namespace

// Not in the namespace: their names are in the report.
template <class Mutex>
[[gnu::noinline]] void hold(Mutex& m, weft::future<> const& until) {
  std::lock_guard const guard{m};
  until.wait();
}
[[gnu::noinline]] void hold_shared(std::shared_mutex& m, weft::future<> const& until) {
  std::shared_lock const guard{m};
  until.wait();
}

TEST_CASE("lock check: each place once" * doctest::skip()) {
  for_each_worker_count([](unsigned workers) {
    weft::run({.workers = workers, .stall_threshold = 0ms}, [] {
      std::mutex m, other;
      std::shared_mutex shared;
      for (int i = 0; i != 5; ++i) {
        while_suspended("holds", [&](auto const& f) { hold(m, f); });
        while_suspended("reads", [&](auto const& f) { hold_shared(shared, f); });
      }
      // The books are even afterwards.
      for (int i = 0; i != 50; ++i) {
        while_suspended("clean", [&](auto const& f) {
          std::lock(m, other);
          m.unlock();
          other.unlock();
          f.wait();
        });
      }
    });
  });
}

TEST_CASE("the lock of the system that a task suspends with is reported, once for each place: who, and where it was taken") {
  auto const end = preloaded("lock check: each place once");
  CAPTURE(end.err);
  CHECK(end.ended_with(0));
  CHECK(count(end.err, "weft: task 'holds' (id ") == 3);  // in each of three runtimes
  CHECK(count(end.err, "weft: task 'reads' (id ") == 3);
  CHECK(count(end.err, "'clean'") == 0);
  CHECK(count(end.err, " suspends with a lock of the system held") == 6);
  CHECK(count(end.err, "lock_check_test.cpp:") == 6);
  CHECK(count(end.err, "  taken at:\n    ") == 6);
  CHECK(count(end.err, "  suspends at:\n    ") == 6);
  CHECK(count(end.err, "    void hold<std::mutex>(std::mutex&") >= 3);
  CHECK(count(end.err, "    hold_shared(std::shared_mutex&") >= 3);
  CHECK(preloaded("lock check: each place once", "0").err.empty());
}

TEST_CASE("lock check: yield" * doctest::skip()) {
  weft::run({.workers = 1}, [] {
    auto const other = weft::spawn({.name = "other"}, [] { this_task::yield(); });
    pthread_spinlock_t spin;
    ::pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    ::pthread_spin_lock(&spin);
    this_task::yield();
    ::pthread_spin_unlock(&spin);
    other.get();
  });
}

TEST_CASE("yield() suspends, too") {
  auto const end = preloaded("lock check: yield");
  CAPTURE(end.err);
  CHECK(end.ended_with(0));
  CHECK(count(end.err, "weft: task 'main' (id ") == 1);
}

TEST_CASE("lock check: legal" * doctest::skip()) {
  for_each_worker_count([](unsigned workers) {
    std::mutex before;
    std::lock_guard const held{before};  // by a thread that is no worker
    weft::run({.workers = workers, .stall_threshold = 0ms}, [] {
      std::mutex m, of_threads;
      std::condition_variable told;
      std::recursive_timed_mutex again;
      weft::mutex of_ours;
      bool ready = false;
      std::vector<weft::task<>> all;
      for (int i = 0; i != 20; ++i) {
        all.push_back(weft::spawn([&] {
          for (int n = 0; n != 20; ++n) {
            {
              std::lock_guard const guard{m};
              std::lock_guard const twice{again};
              std::lock_guard const thrice{again};
            }
            if (again.try_lock_for(1h)) again.unlock();
            auto const some = std::make_unique<std::string>(1000, 'x');
            std::lock_guard const guard{of_ours};
            this_task::yield();
          }
        }));
      }
      // Blocking threads may hold what they like.
      auto const waits = weft::run_blocking([&] {
        std::unique_lock guard{of_threads};
        told.wait(guard, [&] { return ready; });
        weft::spawn([] { this_task::yield(); }).get();
      });
      auto const tells = weft::run_blocking([&] {
        std::lock_guard const guard{of_threads};
        ready = true;
        told.notify_one();
      });
      for (auto const& t : all) t.get();
      waits.get();
      tells.get();
    });
    weft::simulation(workers).run([] { weft::spawn([] { this_task::yield(); }).get(); });
  });
}

TEST_CASE("no report: locks between suspensions, on threads, in the C library, and weft's own") {
  auto const end = preloaded("lock check: legal");
  CHECK(end.ended_with(0));
  CHECK(end.err == "");
}

#endif
