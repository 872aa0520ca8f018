// The debug reports but for the one of locks (lock_check_test): when they come, what they say, and when they do not.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/child.hpp"
#include "tests/support/shapes.hpp"
#include "tests/support/stderr.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

namespace {

// A task that has begun.
template <class F>
auto begun(std::string name, F body, std::source_location site = std::source_location::current()) {
  weft::promise<> inside;
  auto const there = inside.get_future();
  auto t = weft::spawn({.name = std::move(name)}, [inside = std::move(inside), body = std::move(body)]() mutable {
    inside.set_value();
    return body();
  }, site);
  there.wait();
  return t;
}

void swallow() {
  try {
    never_done().wait();
  } catch (...) {
  }
}

// What is said while main runs with the reports on, in runtimes of each size.
template <class Main, class Check>
void each_report(Main const& main, Check const& check) {
  for_each_worker_count([&](unsigned workers) {
    captured_stderr const err;
    weft::run({.workers = workers, .stall_threshold = 0ms, .debug = true}, main);
    auto const text = err.text();
    CAPTURE(text);
    check(text);
  });
}

std::size_t count(std::string const& text, std::string const& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

bool says(std::string const& text, std::string const& what) { return count(text, what) == 1; }

void none(std::string const& text) { CHECK(text.empty()); }

}  // namespace

TEST_CASE("X6 C14 a cancellation that comes to nothing in a catch (...) is reported, with name, id, place, message") {
  std::string who;
  auto const main = [&who] {
    auto const line = std::to_string(__LINE__ + 1);
    auto const t = begun("deaf", [] { swallow(); });
    who = "weft: task 'deaf' (id " + std::to_string(t.id()) + ", spawned at ";
    CHECK(t.cancel("no more"));
    t.get();
    who += std::source_location::current().file_name() + (":" + line);
  };
  each_report(main, [&](std::string const& text) {
    CHECK(says(text, who + ") was cancelled by cancel() (no more) and ended with a value all the same: "));
    CHECK(text.ends_with('\n'));
    CHECK(count(text, "\n") == 1);
  });
}

TEST_CASE("C16 another error in its place is reported, with what it says") {
  auto const main = [] {
    auto const t = begun("confused", [] {
      try {
        never_done().wait();
      } catch (...) {
        throw std::runtime_error("connection lost");
      }
    });
    CHECK(t.cancel());
    CHECK(message_of<std::runtime_error>([&] { t.get(); }) == "connection lost");
  };
  each_report(main, [](std::string const& text) {
    CHECK(says(text, "was cancelled by cancel() and failed with another error (connection lost) all the same"));
    CHECK(count(text, "\n") == 1);
  });
}

TEST_CASE("C15 X7 a task that goes on is reported when it does, not when it ends, which may be never") {
  std::function<void()> const goes_on[] = {
      [] { this_task::yield(); },
      [] { this_task::checkpoint(); },
      [] { weft::spawn([] {}).get(); },
      [] { (void)weft::gather([] {}, [] {}); },
      [] { weft::with_group([](weft::task_group& g) { g.spawn([] { this_task::yield(); }); }); },
      [] { this_task::sleep_for(1us); },
      [] {
        weft::mutex m;
        std::lock_guard const guard{m};
      },
  };
  for (auto const& go_on : goes_on) {
    for_each_worker_count([&](unsigned workers) {
      captured_stderr const err;
      weft::run({.workers = workers, .stall_threshold = 0ms, .debug = true}, [&] {
        weft::promise<> further, end;
        auto t = begun("stubborn", [&, ends = end.get_future()] {
          swallow();
          go_on();
          further.set_value();
          ends.wait();
        });
        CHECK(t.cancel());
        further.get_future().wait();
        CHECK(says(err.text(), "'stubborn' (id " + std::to_string(t.id())));
        CHECK(says(err.text(), "was cancelled by cancel() and went on all the same"));
        end.set_value();
        t.get();
      });
      CHECK(count(err.text(), "\n") == 1);
    });
  }
}

TEST_CASE("X7 a loop that survives every cancellation, by what it awaits, too") {
  auto const main = [] {
    int left = 3;
    auto const t = begun("immortal", [&left] {
      while (left != 0) {
        try {
          weft::fork([] { never_done().wait(); }).get();
        } catch (...) {
          --left;
        }
      }
    });
    until([&] {
      (void)t.cancel();
      return t.done();
    });
  };
  each_report(main, [](std::string const& text) {
    CHECK(says(text, "'immortal'"));
    CHECK(says(text, "went on all the same"));
    CHECK(count(text, "\n") == 1);
  });
}

TEST_CASE("each spawn site is told of once, in each runtime") {
  auto const main = [] {
    auto const one = [](std::source_location site) {
      auto const t = begun("one of many", [] { swallow(); }, site);
      CHECK(t.cancel());
      t.get();
    };
    for (int i = 0; i != 5; ++i) one(std::source_location::current());
    for (int i = 0; i != 5; ++i) one(std::source_location::current());
  };
  each_report(main, [](std::string const& text) { CHECK(count(text, "'one of many'") == 2); });
}

TEST_CASE("who cancelled it is said: its group, its awaiter, a time-out, the runtime's end") {
  auto const main = [] {
    weft::with_group([](weft::task_group& g) {
      weft::promise<> inside;
      g.spawn({.name = "member"}, [&] {
        inside.set_value();
        swallow();
      });
      inside.get_future().wait();
      g.cancel("enough");
    });
    auto const inner = begun("awaited", [] { swallow(); });
    auto const outer = begun("awaiter", [inner] { inner.get(); });  // what becomes of it is the outcome
    until([&] { return outer.state() == weft::task_state::suspended; });
    CHECK(outer.cancel("pass it on"));
    outer.get();
    weft::spawn({.name = "late"}, [] {
      weft::with_timeout(0s, [] {
        swallow();
        this_task::yield();
      });
    }).get();
    begun("left over", [] { swallow(); }).detach();
  };
  each_report(main, [](std::string const& text) {
    CHECK(says(text, "was cancelled by its group (enough) and ended with a value"));
    CHECK(says(text, "was cancelled by its awaiter (pass it on) and ended with a value"));
    CHECK(says(text, "was cancelled by a time-out and went on"));
    CHECK(says(text, "was cancelled by the runtime's end and ended with a value"));
    CHECK(says(text, "'awaited'"));
    CHECK(count(text, "'awaiter'") == 0);
    CHECK(count(text, "\n") == 4);
  });
}

TEST_CASE("run_blocking's callable that swallows it") {
  auto const main = [] {
    weft::promise<> inside;
    auto const t = weft::run_blocking([&inside] {
      inside.set_value();
      swallow();
    });
    inside.get_future().wait();
    CHECK(t.cancel());
    t.wait();
  };
  each_report(main, [](std::string const& text) { CHECK(says(text, "was cancelled by cancel() and ended with a value")); });
}

TEST_CASE("swallowed by the body of a loop, on whichever worker") {
  auto const main = [] {
    auto const t = begun("loop", [] {
      weft::parallel_for(0, 64, [](int) {
        if (this_task::cancelling() == 0) return;
        try {
          this_task::checkpoint();
        } catch (...) {
        }
        this_task::checkpoint();
      }, 1);
    });
    (void)t.cancel();
    t.wait();
  };
  // Whether one begins after the request, and who, is nobody's to say.
  each_report(main, [](std::string const& text) { CHECK(count(text, "went on all the same") == count(text, "\n")); });
}

// --- what is as it should be

TEST_CASE("C18 no report: handlers that clean up and throw on, now or later, or another cancelled") {
  each_report([] {
    std::vector<weft::task<>> all;
    all.push_back(begun("cleans up", [] {
      try {
        never_done().wait();
      } catch (...) {
        this_task::yield();
        weft::spawn([] { this_task::yield(); }).get();
        weft::shield_scope const shield;
        this_task::sleep_for(1us);
        throw;
      }
    }));
    all.push_back(begun("keeps it", [] {
      std::exception_ptr kept;
      try {
        never_done().wait();
      } catch (...) {
        kept = std::current_exception();
      }
      this_task::yield();
      std::rethrow_exception(kept);
    }));
    all.push_back(begun("says why", [] {
      try {
        never_done().wait();
      } catch (weft::cancelled const& e) {
        throw weft::cancelled("while waiting: " + e.message());
      }
    }));
    all.push_back(begun("nests it", [] {
      try {
        never_done().wait();
      } catch (...) {
        std::throw_with_nested(std::runtime_error("interrupted"));
      }
    }));
    all.push_back(begun("is asked twice", [] {
      try {
        never_done().wait();
      } catch (weft::cancelled const&) {
        try {
          never_done().wait();
        } catch (weft::cancelled const&) {
        }
        this_task::yield();
        throw;
      }
    }));
    for (auto const& t : all) CHECK(t.cancel("go"));
    until([&] { return all.back().done() || !all.back().cancel("I said go"); });
    for (auto const& t : all) {
      t.wait();
      if (!t.cancelled()) CHECK(t.exception() != nullptr);
    }
  }, none);
}

TEST_CASE("C10 no report: uncancel() says that it is meant") {
  each_report([] {
    auto const t = begun("server", [] {
      try {
        never_done().wait();
      } catch (weft::cancelled const&) {
        CHECK(this_task::uncancel() == 0);
      }
      this_task::yield();
      weft::spawn([] { this_task::yield(); }).get();
      return 5;
    });
    CHECK(t.cancel());
    CHECK(t.get() == 5);
  }, none);
}

TEST_CASE("TO01 TO12 no report: time-outs, alone and nested, over bodies and futures, with a cancellation from outside") {
  each_report([] {
    CHECK_THROWS_AS(weft::with_timeout(1ms, [] { never_done().wait(); }), weft::timeout_error);
    CHECK_THROWS_AS(weft::with_timeout(1ms, [] { weft::with_timeout(1h, [] { weft::spawn([] { never_done().wait(); }).get(); }); }),
                    weft::timeout_error);
    CHECK_THROWS_AS(weft::with_timeout(0s, [] { weft::with_timeout(0s, [] { this_task::yield(); }); }), weft::timeout_error);
    CHECK_THROWS_AS(weft::with_timeout(1ms, begun("late", [] { never_done().wait(); })), weft::timeout_error);
    this_task::yield();
    auto const t = begun("both", [] {
      (void)this_task::self().cancel("from outside");
      weft::with_timeout(0s, [] { this_task::yield(); });
    });
    CHECK_THROWS_AS(t.get(), weft::task_cancelled_error);
  }, none);
}

TEST_CASE("G03 G09 G10 no report: groups that fail, are cancelled, or cancelled from outside") {
  each_report([] {
    auto const fails = [] { throw std::runtime_error("one of them"); };
    CHECK_THROWS_AS(weft::with_group([&](weft::task_group& g) {
                      g.spawn([] { never_done().wait(); });
                      g.spawn(fails);
                      never_done().wait();
                    }),
                    weft::exception_group);
    this_task::yield();
    weft::with_group([](weft::task_group& g) {
      g.spawn([] { never_done().wait(); });
      g.cancel();
      never_done().wait();
    });
    this_task::yield();
    auto const t = begun("owner", [] {
      weft::with_group([](weft::task_group& g) {
        g.spawn([] { never_done().wait(); });
        never_done().wait();
      });
    });
    CHECK(t.cancel("all of you"));
    CHECK_THROWS_AS(t.get(), weft::task_cancelled_error);
    // Errors go first; the request comes again.
    auto const both = begun("both", [] {
      try {
        weft::with_group([](weft::task_group& g) {
          g.spawn([] {
            try {
              never_done().wait();
            } catch (...) {
              std::throw_with_nested(std::runtime_error("clean-up"));
            }
          });
          g.spawn([] { never_done().wait(); });
          never_done().wait();
        });
      } catch (weft::exception_group const&) {
      }
      this_task::yield();
    });
    CHECK(both.cancel());
    (void)both.cancel();  // perhaps it has ended by the first
    CHECK_THROWS_AS(both.get(), weft::task_cancelled_error);
  }, none);
}

TEST_CASE("GA02 ST01 SH01 no report: gather, race, wait, shields, values that come before the request is heard") {
  each_report([] {
    CHECK_THROWS_AS(weft::gather([] { never_done().wait(); }, [] { throw std::runtime_error("first"); }), std::runtime_error);
    CHECK(weft::race([] { return 1; }, [] {
      never_done().wait();
      return 2;
    }) == 1);
    auto const gathers = begun("gathers", [] { weft::gather([] { never_done().wait(); }, [] { never_done().wait(); }); });
    CHECK(gathers.cancel());
    CHECK_THROWS_AS(gathers.get(), weft::task_cancelled_error);
    weft::promise<int> p;
    auto const shields = begun("shields", [f = p.get_future()] { return weft::shield(f).get(); });
    CHECK(shields.cancel());
    CHECK_THROWS_AS((void)shields.get(), weft::task_cancelled_error);
    p.set_value(1);
    auto const masked = begun("masked", [] {
      weft::shield_scope const shield;
      (void)this_task::self().cancel();
      this_task::yield();
      return 3;
    });
    CHECK(masked.get() == 3);
    auto const passes_on = begun("passes on", [] {
      auto const inner = begun("inner", [] { never_done().wait(); });
      inner.get();
    });
    CHECK(passes_on.cancel());
    passes_on.wait();
    CHECK(passes_on.cancelled());
  }, none);
}

TEST_CASE("no report: parallel loops that are cancelled, or fail meanwhile") {
  each_report([] {
    auto const loops = begun("loops", [] {
      weft::parallel_for(0, 1000, [](int) { this_task::sleep_for(1ms); }, 1);
    });
    CHECK(loops.cancel());
    CHECK_THROWS_AS(loops.get(), weft::task_cancelled_error);
    auto const both = begun("both", [] {
      weft::parallel_for(0, 1000, [](int i) {
        if (i == 500) throw std::runtime_error("500");
        this_task::checkpoint();
      }, 1);
    });
    (void)both.cancel();
    both.wait();
    if (!both.cancelled()) CHECK(both.exception() != nullptr);
  }, none);
}

TEST_CASE("R05 no report: a main task that a signal has cancelled may end as it likes") {
  for_each_worker_count([](unsigned workers) {
    captured_stderr const err;
    weft::run({.workers = workers, .cancel_on_signals = {SIGUSR1}, .stall_threshold = 0ms, .debug = true}, [] {
      REQUIRE(::kill(::getpid(), SIGUSR1) == 0);
      swallow();
      this_task::yield();
    });
    CHECK(err.text().empty());
  });
}

// --- on and off

TEST_CASE("EH4 WEFT_DEBUG says whether, and the parameter wins; without either there is no report") {
  auto const reports = [](char const* environment, std::optional<bool> parameter) {
    auto const end = child::in_child([&] {
      environment != nullptr ? ::setenv("WEFT_DEBUG", environment, 1) : ::unsetenv("WEFT_DEBUG");
      weft::run({.workers = 2, .debug = parameter}, [] {
        auto const t = begun("deaf", [] { swallow(); });
        (void)t.cancel();
        t.get();
      });
    });
    CHECK(end.ended_with(0));
    return end;
  };
  CHECK(reports("1", {}).says("'deaf'"));
  CHECK(reports("0", true).says("'deaf'"));
  CHECK(reports(nullptr, true).says("'deaf'"));
  CHECK(reports("1", false).err.empty());
  CHECK(reports(nullptr, {}).err.empty());
  CHECK(reports("", {}).err.empty());
  CHECK(reports("0", {}).err.empty());
  CHECK(reports("yes", {}).err == "weft: WEFT_DEBUG=yes is neither 0 nor 1, and is ignored\n");
}
