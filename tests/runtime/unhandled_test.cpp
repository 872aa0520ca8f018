// on_unhandled: errors that nobody looked at, or that nobody could be given.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>

#include "tests/support/child.hpp"
#include "tests/support/shapes.hpp"
#include "tests/support/stderr.hpp"

using namespace shapes;
namespace this_task = weft::this_task;

TEST_CASE("EH1 F17 the handler gets the error, the task's name and id, and where it was spawned") {
  for_each_worker_count([](unsigned workers) {
    reports seen;
    std::uint64_t id = 0;
    unsigned line = 0;
    weft::run(seen.options(workers), [&] {
      line = __LINE__ + 1;
      auto t = weft::spawn({.name = "doomed"}, [] { throw std::domain_error("nobody looks"); });
      id = t.id();
      std::move(t).detach();
    });
    // It may have been cancelled before it began: then there was no error.
    for (auto const& e : seen.all()) {
      CHECK(e.task_name == "doomed");
      CHECK(e.task_id == id);
      CHECK(e.spawned_at.line() == line);
      CHECK(std::strstr(e.spawned_at.file_name(), "unhandled_test") != nullptr);
      CHECK_FALSE(e.what_happened.empty());
      CHECK(message_of<std::domain_error>([&] { std::rethrow_exception(e.error); }) == "nobody looks");
    }
  });
}

TEST_CASE("F17 reported exactly once, when the last handle goes") {
  for_each_worker_count([](unsigned workers) {
    reports seen;
    weft::run(seen.options(workers), [&seen] {
      auto t = weft::spawn([] { throw 1; });
      auto copy = t;
      t.wait();
      t = {};
      CHECK(seen.count() == 0);
      copy = {};
      until([&] { return seen.count() != 0; });  // with more workers the task's own hold may go a moment after us
    });
    CHECK(seen.count() == 1);
  });
}

TEST_CASE("F18 looked at by get, result, exception: not reported; nor success, nor cancellation") {
  for_each_worker_count([](unsigned workers) {
    reports seen;
    weft::run(seen.options(workers), [] {
      auto const fails = [] { return weft::spawn([]() -> int { throw std::runtime_error("seen"); }); };
      CHECK_THROWS((void)fails().get());
      auto const t = fails();
      t.wait();
      CHECK_THROWS((void)t.result());
      auto const u = fails();
      u.wait();
      CHECK(u.exception() != nullptr);
      (void)weft::spawn([] { return 1; }).wait();
      auto const c = weft::spawn([] { throw weft::cancelled("of itself"); });
      c.wait();
    });
    CHECK(seen.count() == 0);
  });
}

TEST_CASE("EH2 a handler that throws falls back to the default; nothing terminates") {
  for_each_worker_count([](unsigned workers) {
    captured_stderr const err;
    std::atomic<int> calls{0};
    weft::runtime_options o;
    o.workers = workers;
    o.on_unhandled = [&calls](weft::unhandled_error const&) {
      ++calls;
      throw std::runtime_error("handler");
    };
    weft::run(o, [] {
      auto t = weft::spawn({.name = "fallen"}, [] { throw std::runtime_error("the real one"); });
      t.wait();
    });
    CHECK(calls == 1);
    auto const text = err.text();
    CHECK(text.find("the real one") != std::string::npos);
    CHECK(text.find("fallen") != std::string::npos);
  });
}

TEST_CASE("EH1 the default: one line on stderr with what, who, and from where") {
  captured_stderr const err;
  run_on(2, [] {
    auto t = weft::spawn({.name = "plain one"}, [] { throw std::runtime_error("plain error"); });
    t.wait();
  });
  run_on(2, [] {
    auto t = weft::spawn({.name = "odd one"}, [] { throw 5; });
    t.wait();
  });
  auto const text = err.text();
  CHECK(text.find("plain error") != std::string::npos);
  CHECK(text.find("weft: task 'plain one' (id ") != std::string::npos);
  CHECK(text.find("unhandled_test.cpp") != std::string::npos);
  CHECK(text.find("'odd one'") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("F16 a done-callback that throws is reported and disturbs nobody") {
  for_each_worker_count([](unsigned workers) {
    reports seen;
    weft::run(seen.options(workers), [] {
      weft::promise<int> p;
      weft::promise<> second;
      auto const a = p.get_future().on_done([](auto const&) { throw std::runtime_error("callback"); });
      auto const b = p.get_future().on_done([&second](auto const&) { second.set_value(); });
      p.set_value(3);
      second.get_future().wait();
      CHECK(p.get_future().get() == 3);
    });
    REQUIRE(seen.count() == 1);
    CHECK(message_of<std::runtime_error>([&] { std::rethrow_exception(seen.all()[0].error); }) == "callback");
  });
}

TEST_CASE("the handler may be called from several threads at once, and may use the runtime") {
  for_each_worker_count([](unsigned workers) {
    std::atomic<int> seen{0};
    weft::runtime_options o;
    o.workers = workers;
    o.on_unhandled = [&seen](weft::unhandled_error const&) {
      (void)weft::all_tasks();
      (void)this_task::name();
      ++seen;
    };
    weft::run(o, [] {
      std::vector<weft::task<>> all;
      for (int i = 0; i != 200; ++i) {
        all.push_back(weft::spawn([] {
          auto t = weft::spawn([] { throw std::runtime_error("one of many"); });
          t.wait();
        }));
      }
      for (auto const& t : all) t.get();
    });
    CHECK(seen == 200);
  });
}

TEST_CASE("errors of detached tasks are reported before run() returns, every time") {
  for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 200; ++round) {
      reports seen;
      std::atomic<int> thrown{0};
      weft::run(seen.options(workers), [&thrown] {
        for (int i = 0; i != 5; ++i) {
          weft::spawn([&thrown] {
            ++thrown;
            throw std::runtime_error("detached");
          }).detach();
        }
        this_task::yield();
      });
      CHECK(seen.count() == static_cast<std::size_t>(thrown.load()));
    }
  });
}

TEST_CASE("what detached tasks return is destroyed before run() returns, too") {
  for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 500; ++round) {
      auto const kept = std::make_shared<int>(0);
      run_on(workers, [&kept] {
        for (int i = 0; i != 4; ++i) weft::spawn([kept] { return kept; }).detach();
        this_task::yield();
      });
      REQUIRE(kept.use_count() == 1);
    }
  });
}

TEST_CASE("an unlooked-at error of a task that outlives its runtime goes to stderr when its handle goes") {
  captured_stderr const err;
  reports seen;
  {
    weft::task<> t;
    weft::run(seen.options(1), [&t] {
      t = weft::spawn({.name = "outlives"}, [] { throw std::runtime_error("too late for the handler"); });
      t.wait();
    });
    CHECK(seen.count() == 0);
  }
  CHECK(seen.count() == 0);
  CHECK(err.text().find("too late for the handler") != std::string::npos);
}

TEST_CASE("cancelled out of a noexcept function: the task is named before the program terminates") {
  auto const end = child::in_child([] {
    run_on(1, [] {
      weft::spawn({.name = "careless"}, [] {
        (void)this_task::self().cancel();
        []() noexcept { this_task::yield(); }();
      }).get();
    });
  });
  CHECK(end.says("'careless'"));
}
