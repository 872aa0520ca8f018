// The report of a task that keeps its worker, while it does: EH3.
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "tests/support/hogs.hpp"
#include "tests/support/shapes.hpp"
#include "tests/support/stderr.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

namespace {

std::size_t count(std::string const& text, std::string const& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

// What is said while an H holds a worker, of one runtime of each size. The thresholds here are longer than what a host keeps a virtual CPU
// for: that counts as the task's time.
template <class H, class Check>
void each_report(Check const& check) {
  for (unsigned const workers : {1u, 2u, 4u}) {
    weft::runtime rt({.workers = workers, .stall_threshold = 100ms});
    captured_stderr const err;
    H h;
    auto t = rt.spawn({.name = "greedy"}, [&h] { h.hold(); });
    until([&] { return err.text().ends_with('\n'); });
    h.let_go();
    t.get();
    auto const text = err.text();
    CAPTURE(text);
    CHECK(count(text, "'greedy' (id " + std::to_string(t.id()) + ", spawned at ") == 1);
    CHECK(count(text, "stall_test.cpp:") == 1);
    CHECK(rt.metrics().stalls == 1);
    check(text);
  }
}

void check_stack(std::string const& text) { CHECK(count(text, "(runtime_stall_test+0x") >= 1); }

}  // namespace

TEST_CASE("EH3 a task that computes is named while it does, with where it is") {
  each_report<computes>([](std::string const& text) {
    CHECK(count(text, "; it computes.") == 1);
    CHECK(count(text, "where it is:\n") == 1);
    check_stack(text);
  });
}

TEST_CASE("EH3 a task that is blocked is named, and its call is not disturbed") {
  auto const blocked = [](std::string const& text) {
    CHECK(count(text, "; it is blocked in a call of the system.") == 1);
    check_stack(text);
  };
  each_report<blocks>(blocked);
  each_report<waits_for_a_lock>(blocked);
}

TEST_CASE("EH3 a task that naps or faults is named, whatever it was just doing") {
  auto const either = [](std::string const& text) {
    CHECK(count(text, "; it computes.") + count(text, "; it is blocked in a call of the system.") == 1);
  };
  each_report<naps>(either);
  each_report<faults>(either);
}

TEST_CASE("EH3 tasks that let others run are no stall, however long they take; 0: no reports") {
  for (unsigned const workers : {1u, 2u, 4u}) {
    captured_stderr const err;
    auto const busy = [](auto duration, auto&& between) {
      for (auto const end = std::chrono::steady_clock::now() + duration; std::chrono::steady_clock::now() < end;) between();
    };
    {
      weft::runtime rt({.workers = workers, .stall_threshold = 300ms});
      rt.spawn([&] { busy(500ms, [] { this_task::yield(); }); }).get();
      rt.spawn([&] { this_task::sleep_for(500ms); }).get();
      CHECK(rt.metrics().stalls == 0);
    }
    {
      weft::runtime rt({.workers = workers, .stall_threshold = 0ms});
      rt.spawn([&] { busy(40ms, [] {}); }).get();
      CHECK(rt.metrics().stalls == 0);
    }
    CHECK(err.text().empty());
  }
}

TEST_CASE("EH3 a negative threshold is refused; the longest is none") {
  CHECK_THROWS_AS(weft::runtime({.stall_threshold = -1ms}), std::invalid_argument);
  weft::runtime({.stall_threshold = std::chrono::milliseconds::max()}).spawn([] {}).get();
}
