// A simulation in which nobody can go on ends with deadlock_error, which names who waits; the stacks unwind.
#include <chrono>
#include <memory>
#include <string>

#include "tests/support/shapes.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

namespace {

bool has(std::string const& text, std::string const& what) { return text.find(what) != std::string::npos; }

}  // namespace

TEST_CASE("main alone waits for ever: deadlock_error that names it") {
  for (std::uint64_t seed = 0; seed != 10; ++seed) {
    weft::simulation s(seed);
    auto const text = message_of<weft::deadlock_error>([&] {
      s.run([] { never_done().wait(); });
    });
    CHECK(has(text, "main (id "));
    CHECK(has(text, "deadlock_test.cpp:"));
    CHECK(has(text, "\n    at "));  // where it waits
  }
}

TEST_CASE("the report names everybody who waits, by name, id and place") {
  for (std::uint64_t seed = 0; seed != 10; ++seed) {
    reports seen;  // the errors of those who hear of the broken promises while all unwind
    weft::simulation s(seed, seen.options(1));
    std::uint64_t id = 0;
    auto const text = message_of<weft::deadlock_error>([&] {
      s.run([&id] {
        weft::promise<int> p, q;
        auto const a = weft::spawn({.name = "alice"}, [f = p.get_future()] { return f.get(); });
        auto const b = weft::spawn({.name = "bob"}, [f = q.get_future()] { return f.get(); });
        auto const done = weft::spawn({.name = "done long ago"}, [] {});
        done.wait();
        id = b.id();
        return a.get() + b.get();
      });
    });
    CHECK(has(text, "main"));
    CHECK(has(text, "alice"));
    CHECK(has(text, "bob (id " + std::to_string(id)));
    CHECK_FALSE(has(text, "done long ago"));
  }
}

TEST_CASE("two tasks that join each other") {
  for (std::uint64_t seed = 0; seed != 30; ++seed) {
    weft::simulation s(seed);
    auto const text = message_of<weft::deadlock_error>([&] {
      s.run([] {
        weft::promise<weft::task<>> to_first;
        auto const first = weft::spawn({.name = "first"}, [f = to_first.get_future()] { f.get().get(); });
        auto const second = weft::spawn({.name = "second"}, [first] { first.get(); });
        to_first.set_value(second);
        second.get();
      });
    });
    CHECK(has(text, "first"));
    CHECK(has(text, "second"));
  }
}

TEST_CASE("the stacks of who was stuck are unwound: cancelled by the shutdown") {
  for (std::uint64_t seed = 0; seed != 20; ++seed) {
    auto const kept = std::make_shared<int>(0);
    int unwound = 0;
    weft::simulation s(seed);
    CHECK_THROWS_AS(s.run([&unwound, kept] {
      struct end {
        int& n;
        ~end() { ++n; }
      };
      auto const t = weft::spawn([&unwound, kept] {
        end const counted{unwound};
        never_done().wait();
      });
      end const counted{unwound};
      t.wait();
    }),
                    weft::deadlock_error);
    CHECK(unwound == 2);
    CHECK(kept.use_count() == 1);
  }
}

TEST_CASE("after a deadlock the simulation runs again") {
  weft::simulation s(4);
  CHECK_THROWS_AS(s.run([] { never_done().wait_until(weft::never); }), weft::deadlock_error);
  CHECK(s.run([] { return 5; }) == 5);
}

TEST_CASE("who sleeps is no deadlock, however long") {
  in_simulations(10, [] {
    weft::promise<int> p;
    auto const t = weft::spawn([&p] {
      this_task::sleep_for(std::chrono::hours(10000));
      p.set_value(1);
    });
    CHECK(p.get_future().get() == 1);
    t.wait();
  });
}

TEST_CASE("sleeping for ever is waiting for ever") {
  weft::simulation s(1);
  CHECK_THROWS_AS(s.run([] { this_task::sleep_for(weft::never); }), weft::deadlock_error);
}

TEST_CASE("left-overs that wait for ever are no deadlock when main has ended: they are cancelled") {
  in_simulations(10, [] {
    weft::spawn([] { never_done().wait(); }).detach();
    this_task::yield();
  });
}

TEST_CASE("who is stuck behind a shield cannot be unwound: reported all the same, and left") {
  weft::simulation s(2);
  auto const text = message_of<weft::deadlock_error>([&] {
    s.run([] {
      weft::shield_scope const shield;
      never_done().wait();
    });
  });
  CHECK(has(text, "main"));
}

TEST_CASE("a task that joins itself: deadlock_error at once, in any runtime") {
  everywhere([] {
    weft::promise<weft::task<>> self;
    auto const t = weft::spawn([f = self.get_future()] {
      auto const me = f.get();
      CHECK_THROWS_AS(me.get(), weft::deadlock_error);
      CHECK_THROWS_AS(me.wait(), weft::deadlock_error);
      CHECK_THROWS_AS(this_task::self().wait(), weft::deadlock_error);
    });
    self.set_value(t);
    t.get();
  });
}
