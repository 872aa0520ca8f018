// dump and dump_json: the tree, who waits for whom, folding; safe under load.
#include <mutex>
#include <shared_mutex>
#include <sstream>

#include "tests/support/shapes.hpp"

namespace {

std::string dumped(weft::dump_options o = {}) {
  std::ostringstream text;
  weft::dump(text, o);
  return text.str();
}

bool has(std::string const& text, std::string const& what) { return text.find(what) != std::string::npos; }

std::size_t lines_with(std::string const& text, std::string const& what) {
  std::istringstream all(text);
  std::size_t n = 0;
  for (std::string line; std::getline(all, line);) n += has(line, what) ? 1 : 0;
  return n;
}

std::string id_of(weft::task<> const& t) { return "(id " + std::to_string(t.id()) + ")"; }

// The dump in which it says that for the first time.
std::string dumped_with(std::string const& what) {
  std::string text;
  shapes::until([&] { return has(text = dumped(), what); });
  return text;
}

}  // namespace

TEST_CASE("B20 the dump is a tree: who waits stands with what it waits for, and who has that; children under their parent") {
  shapes::everywhere([] {
    weft::mutex m;
    weft::promise<> gate;
    weft::latch has_it(1);
    auto const holder = weft::spawn({.name = "holder"}, [&, f = gate.get_future()] {
      std::lock_guard const guard{m};
      has_it.count_down();
      f.wait();
    });
    has_it.wait();
    weft::promise<weft::task<>> inner;
    auto const outer = weft::spawn({.name = "outer"}, [&] {
      auto const t = weft::spawn({.name = "inner"}, [&] { std::lock_guard const guard{m}; });
      inner.set_value(t);
      shapes::until([&] { return t.state() == weft::task_state::suspended; });  // on a stack of its own
      t.wait();
    });
    auto const in = inner.get_future().get();
    auto const text = dumped_with("for task 'inner' " + id_of(in));
    CHECK(has(text, "  outer " + id_of(outer)));
    CHECK(has(text, "    inner " + id_of(in)));
    CHECK(has(text, "for a mutex: holder " + id_of(holder)));
    CHECK(has(text, "main (id " + std::to_string(weft::this_task::id()) + ") "));
    CHECK(has(text, "dump_test.cpp:"));
    CHECK_FALSE(has(text, "deadlock"));
    gate.set_value();
    outer.get();
  });
}

TEST_CASE("those that wait in the same place share a line; those that do not have their own") {
  shapes::on_all([] {
    weft::event go;
    std::vector<weft::task<>> all;
    for (int i = 0; i != 990; ++i) all.push_back(weft::spawn([&] { go.wait(); }));
    auto const other = weft::spawn({.name = "other"}, [&] { go.wait(); });
    shapes::until([&] { return weft::runtime::current()->metrics().suspended == 991; });
    auto const text = dumped();
    CHECK(lines_with(text, "990 x ") == 1);
    CHECK(lines_with(text, "other " + id_of(other)) == 1);
    CHECK(lines_with(text, "for an event") == 2);
    go.set();
    for (auto const& t : all) t.get();
    other.get();
  });
}

TEST_CASE("held_by: the holder of a mutex, the writer of a shared_mutex, the task that is joined, the one that has all permits") {
  shapes::on_all([] {
    weft::mutex m;
    weft::shared_mutex s;
    weft::semaphore permits(2);
    weft::promise<> gate;
    weft::latch has_all(1);
    auto const holder = weft::spawn([&, f = gate.get_future()] {
      std::lock_guard const guard{m};
      std::lock_guard const writing{s};
      weft::permit const both(permits, 2);
      has_all.count_down();
      f.wait();
    });
    has_all.wait();
    std::vector<weft::task<>> all;
    all.push_back(weft::spawn([&] { std::lock_guard const guard{m}; }));
    all.push_back(weft::spawn([&] { std::lock_guard const writing{s}; }));
    all.push_back(weft::spawn([&] { std::shared_lock const reading{s}; }));
    all.push_back(weft::spawn([&] { weft::permit const one(permits); }));
    all.push_back(weft::spawn([&] { holder.wait(); }));
    for (auto const& t : all) {
      std::optional<std::uint64_t> held_by;
      shapes::until([&] {
        for (auto const& i : weft::all_tasks()) {
          if (i.id == t.id() && !i.waits_for.empty()) held_by = i.held_by;
        }
        return held_by.has_value();
      });
      CHECK(held_by == holder.id());
    }
    gate.set_value();
    for (auto const& t : all) t.get();
  });
}

TEST_CASE("a permit that was moved away is held by the task where it is") {
  shapes::on_all([] {
    weft::semaphore one(1);
    weft::promise<> gate;
    weft::permit p(one);
    auto const holder = weft::spawn([f = gate.get_future(), mine = std::move(p)] { f.wait(); });
    auto const waits = weft::spawn([&] { weft::permit const mine(one); });
    std::optional<std::uint64_t> held_by;
    shapes::until([&] {
      for (auto const& i : weft::all_tasks()) {
        if (i.id == waits.id()) held_by = i.held_by;
      }
      return held_by.has_value();
    });
    CHECK(held_by == holder.id());
    gate.set_value();
    waits.get();
  });
}

TEST_CASE("stacks, if asked for: where a suspended task is") {
  shapes::on_all([] {
    weft::event go;
    auto const t = weft::spawn([&] { go.wait(); });
    shapes::until([&] { return t.state() == weft::task_state::suspended; });
    CHECK_FALSE(has(dumped(), "    at "));
    CHECK(has(dumped({.stacks = true}), "    at "));
    go.set();
    t.get();
  });
}

TEST_CASE("outside of a task every runtime is dumped; a runtime's own members need none") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime one({.name = "first of two", .workers = workers}), two({.name = "second of two", .workers = workers});
    weft::promise<> gate;
    auto const t = one.spawn({.name = "waits"}, [f = gate.get_future()] { f.wait(); });
    std::ostringstream all, first, json;
    weft::dump(all);
    CHECK(has(all.str(), "runtime 'first of two', 1 task, "));
    CHECK(has(all.str(), "runtime 'second of two', 0 tasks, "));
    one.dump(first);
    CHECK(has(first.str(), "waits (id "));
    CHECK_FALSE(has(first.str(), "second of two"));
    weft::dump_json(json);
    CHECK(has(json.str(), "\"runtime\":\"first of two\""));
    CHECK(has(json.str(), "\"runtime\":\"second of two\""));
    CHECK(lines_with(json.str(), "\"format\":1") == 2);
    gate.set_value();
    t.get();
  });
}

// Nothing lost, nothing doubled: each round hands every waiter what it waits for while others look at all of them.
TEST_CASE("dumps while tasks come, wait in all ways and go") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::atomic<bool> over{false};
    auto const rounds = storm::rounds(60, 2000);
    auto const traffic = rt.spawn([&] {
      for (std::uint64_t round = 0; round != rounds; ++round) {
        weft::mutex m;
        weft::shared_mutex s;
        weft::semaphore permits(2);
        weft::queue<int> items(8);  // a put never waits: it would with the lock
        weft::event go;
        int sum = 0;
        weft::with_group([&](weft::task_group& g) {
          for (int i = 0; i != 8; ++i) {
            g.spawn([&] {
              std::lock_guard const guard{m};
              weft::this_task::yield();
              ++sum;
            });
            g.spawn([&] {
              weft::permit const one(permits);
              std::lock_guard const writing{s};
              weft::this_task::yield();
              items.put(1);
            });
            g.spawn([&] {
              { std::shared_lock const reading{s}; }
              go.wait();
              (void)items.get();
            });
            g.spawn([&] { weft::gather([&] { go.wait(); }, [&] { weft::this_task::yield(); }); });
          }
          weft::this_task::yield();
          go.set();
        });
        CHECK(sum == 8);
      }
      over = true;
    });
    bool seen_deadlock = false;
    while (!over) {
      std::ostringstream text, json;
      rt.dump(text, {.stacks = true});
      rt.dump_json(json);
      seen_deadlock = seen_deadlock || has(text.str(), "deadlock") || !has(json.str(), "\"deadlocks\":[]");
    }
    traffic.get();
    CHECK_FALSE(seen_deadlock);
  });
}
