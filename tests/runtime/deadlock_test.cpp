// Circles of tasks that wait for each other: each kind is found, with the right names; none in a healthy run.
#include <mutex>
#include <shared_mutex>
#include <sstream>

#include "tests/support/shapes.hpp"

namespace {

// The lines about deadlocks.
std::string deadlocks() {
  std::ostringstream text;
  weft::dump(text);
  auto const all = text.str();
  auto const at = all.find("deadlock of ");
  return at != all.npos ? all.substr(at) : std::string();
}

std::string found() {
  std::string text;
  shapes::until([&] { return !(text = deadlocks()).empty(); });
  return text;
}

bool has(std::string const& text, std::string const& what) { return text.find(what) != std::string::npos; }

std::size_t count(std::string const& text, std::string const& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

void give_up(std::vector<weft::task<>> const& all) {
  for (auto const& t : all) (void)t.cancel();
  for (auto const& t : all) t.wait();
}

}  // namespace

TEST_CASE("two tasks that lock two mutexes in different order") {
  shapes::everywhere([] {
    weft::mutex a, b;
    weft::latch both(2);
    auto const first = weft::spawn({.name = "first"}, [&] {
      std::lock_guard const one{a};
      both.arrive_and_wait();
      std::lock_guard const two{b};
    });
    auto const second = weft::spawn({.name = "second"}, [&] {
      std::lock_guard const one{b};
      both.arrive_and_wait();
      std::lock_guard const two{a};
    });
    auto const text = found();
    auto const one = "first (id " + std::to_string(first.id()) + ")", two = "second (id " + std::to_string(second.id()) + ")";
    CHECK(has(text, "deadlock of 2 tasks"));
    CHECK(has(text, "  " + one));
    CHECK(has(text, "waits for a mutex: " + one));
    CHECK(has(text, "waits for a mutex: " + two));
    CHECK_FALSE(has(text, "main (id "));
    CHECK(count(text, "deadlock of ") == 1);
    give_up({first, second});
    CHECK(deadlocks().empty());
  });
}

TEST_CASE("L05 a mutex locked twice by one task") {
  shapes::everywhere([] {
    weft::mutex m;
    auto const t = weft::spawn({.name = "twice"}, [&] {
      std::lock_guard const one{m};
      std::lock_guard const two{m};
    });
    auto const text = found();
    CHECK(has(text, "deadlock of 1 task,"));
    CHECK(has(text, "waits for a mutex: twice"));
    give_up({t});
  });
}

TEST_CASE("B09 tasks that join each other in a circle; who waits for the circle is not in it") {
  shapes::everywhere([] {
    weft::promise<weft::task<>> third;
    auto const a = weft::spawn({.name = "a"}, [f = third.get_future()] { f.get().wait(); });
    auto const b = weft::spawn({.name = "b"}, [a] { a.wait(); });
    auto const c = weft::spawn({.name = "c"}, [b] { b.wait(); });
    auto const beside = weft::spawn({.name = "beside"}, [c] { c.wait(); });
    third.set_value(c);
    auto const text = found();
    CHECK(has(text, "deadlock of 3 tasks"));
    CHECK_FALSE(has(text, "beside"));
    give_up({a, b, c, beside});
  });
}

TEST_CASE("permits: each has one and wants another's; a bounded semaphore, too") {
  auto const with = [](auto& a, auto& b) {
    weft::latch both(2);
    auto const first = weft::spawn({.name = "first"}, [&] {
      weft::permit const one(a);
      both.arrive_and_wait();
      weft::permit const two(b);
    });
    auto const second = weft::spawn({.name = "second"}, [&] {
      weft::permit const one(b);
      both.arrive_and_wait();
      weft::permit const two(a);
    });
    auto const text = found();
    CHECK(has(text, "waits for a semaphore: first"));
    CHECK(has(text, "waits for a semaphore: second"));
    give_up({first, second});
  };
  shapes::everywhere([&] {
    weft::semaphore a(1), b(1);
    with(a, b);
    weft::bounded_semaphore c(1), d(1);
    with(c, d);
  });
}

TEST_CASE("all permits are held by tasks that want one more; one that can go on is enough for none to be stuck") {
  shapes::everywhere([] {
    weft::semaphore three(3);
    weft::latch all(3);
    weft::promise<> gate;
    std::vector<weft::task<>> tasks;
    for (int i = 0; i != 2; ++i) {
      tasks.push_back(weft::spawn([&] {
        weft::permit const one(three);
        all.arrive_and_wait();
        weft::permit const two(three);
      }));
    }
    tasks.push_back(weft::spawn([&, f = gate.get_future()] {
      weft::permit const one(three);
      all.arrive_and_wait();
      f.wait();
      weft::permit const two(three);
    }));
    shapes::until([&] { return weft::runtime::current()->metrics().suspended == 3; });
    CHECK(deadlocks().empty());
    gate.set_value();
    CHECK(has(found(), "waits for a semaphore: task-"));
    give_up(tasks);
  });
}

TEST_CASE("a child that waits for its group's owner; one of a gather that waits for who gathers") {
  shapes::everywhere([] {
    weft::promise<weft::task<>> self;
    auto const f = self.get_future();
    auto const owner = weft::spawn({.name = "owner"}, [f] {
      weft::with_group([&](weft::task_group& g) { g.spawn({.name = "child"}, [f] { f.get().wait(); }); });
    });
    self.set_value(owner);
    auto text = found();
    CHECK(has(text, "deadlock of 2 tasks"));
    CHECK(has(text, "child"));
    give_up({owner});

    weft::promise<weft::task<>> again;
    auto const g = again.get_future();
    auto const gatherer = weft::spawn({.name = "gatherer"}, [g] {
      auto const one = weft::spawn({.name = "one"}, [g] { g.get().wait(); });
      auto const other = weft::spawn([] { weft::this_task::yield(); });
      weft::gather(one, other);
    });
    again.set_value(gatherer);
    text = found();
    CHECK(has(text, "gatherer (id "));
    CHECK(has(text, ": one (id "));  // for several tasks, or for one that runs on its stack
    give_up({gatherer});
  });
}

TEST_CASE("through a shield, and with a writer who waits for a reader's task") {
  shapes::everywhere([] {
    weft::promise<weft::task<>> self;
    auto const f = self.get_future();
    auto const inner = weft::spawn({.name = "inner"}, [f] { f.get().wait(); });
    auto const outer = weft::spawn({.name = "outer"}, [inner] { weft::shield(inner).wait(); });
    self.set_value(outer);
    CHECK(has(found(), "deadlock of 2 tasks"));
    give_up({inner, outer});

    weft::shared_mutex s;
    weft::promise<weft::task<>> reads;
    auto const writer = weft::spawn({.name = "writer"}, [&] {
      std::lock_guard const writing{s};
      auto const reader = weft::spawn({.name = "reader"}, [&] { std::shared_lock const reading{s}; });
      reads.set_value(reader);
      reader.wait();
    });
    CHECK(has(found(), "waits for a shared_mutex: writer"));
    give_up({writer, reads.get_future().get()});
  });
}

TEST_CASE("one circle among 1000 healthy tasks; a time-out in it makes it none") {
  shapes::on_all([] {
    weft::event go;
    std::vector<weft::task<>> healthy;
    for (int i = 0; i != 1000; ++i) healthy.push_back(weft::spawn([&] { go.wait(); }));
    weft::mutex a, b;
    auto const circle = [&](weft::deadline patience) {
      auto const both = std::make_shared<weft::latch>(2);
      std::vector<weft::task<>> tasks;
      tasks.push_back(weft::spawn({.name = "first"}, [&, both] {
        std::lock_guard const one{a};
        both->arrive_and_wait();
        std::lock_guard const two{b};
      }));
      tasks.push_back(weft::spawn({.name = "second"}, [&, both, patience] {
        std::lock_guard const one{b};
        both->arrive_and_wait();
        if (a.try_lock_until(patience)) a.unlock();
      }));
      return tasks;
    };
    auto const in_time = circle(std::chrono::hours{1});
    shapes::until([&] { return weft::runtime::current()->metrics().suspended == 1002; });
    CHECK(deadlocks().empty());
    give_up(in_time);
    auto const stuck = circle(weft::never);
    auto const text = found();
    CHECK(has(text, "deadlock of 2 tasks"));
    CHECK(count(text, "\n") == 3);
    give_up(stuck);
    go.set();
    for (auto const& t : healthy) t.get();
  });
}

TEST_CASE("what somebody else may end is no deadlock: promises, events, queues, plain semaphores, a first of two") {
  shapes::on_all([] {
    weft::promise<> p;
    weft::queue<int> q;
    weft::semaphore signal(0);
    weft::promise<weft::task<>> self;
    std::vector<weft::task<>> all;
    all.push_back(weft::spawn([f = p.get_future()] { f.wait(); }));
    all.push_back(weft::spawn([&] { (void)q.get(); }));
    all.push_back(weft::spawn([&] { signal.acquire(); }));
    all.push_back(weft::spawn([f = self.get_future(), g = p.get_future()] {
      auto const circle = weft::spawn([f] { f.get().wait(); });
      auto const other = weft::spawn([g] { g.wait(); });
      (void)weft::wait(std::vector{circle, other}, weft::return_when::first_completed);
      (void)circle.cancel();
    }));
    self.set_value(all.back());
    shapes::until([&] { return weft::runtime::current()->metrics().suspended == 6; });
    CHECK(deadlocks().empty());
    give_up(all);
  });
}
