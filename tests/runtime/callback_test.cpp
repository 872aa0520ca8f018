// Done-callbacks: when, where and in what order they run, and how they are taken back.
#include <atomic>
#include <memory>
#include <thread>

#include "tests/support/shapes.hpp"

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<weft::callback> && std::is_nothrow_move_constructible_v<weft::callback>);

namespace {

// Done once all callbacks registered on f before are over: the last one says so.
void drained(weft::future<int> const& f) {
  weft::promise<> p;
  auto const last = f.on_done([&p](auto const&) { p.set_value(); });
  p.get_future().get();
}

template <class F, class Arg>
concept callback_for = requires(F f, Arg a) { a.on_done(f); };
using takes_future = void (*)(weft::future<int>);
using takes_task = void (*)(weft::task<int>);
using takes_any = void (*)(weft::any_task const&);
static_assert(callback_for<takes_future, weft::future<int>> && callback_for<takes_future, weft::task<int>>);
static_assert(!callback_for<takes_task, weft::future<int>> && callback_for<takes_task, weft::task<int>>);
static_assert(callback_for<takes_any, weft::any_task> && !callback_for<takes_future, weft::any_task>);

}  // namespace

TEST_CASE("F11 callbacks run in order of registration, one after the other, with the future as argument") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    std::vector<int> order;  // no lock: one after the other
    std::atomic<int> running{0};
    for (int i = 0; i != 100; ++i) {
      (void)f.on_done([&, i](weft::future<int> const& g) {
        CHECK(running++ == 0);
        CHECK(g == f);
        CHECK(g.result() == 5);
        if (i % 7 == 0) weft::this_task::yield();
        order.push_back(i);
        --running;
      });
    }
    p.set_value(5);
    for (int i = 100; i != 110; ++i) (void)f.on_done([&, i](auto const&) { order.push_back(i); });
    drained(f);
    REQUIRE(order.size() == 110);
    for (int i = 0; i != 110; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
  });
}

TEST_CASE("F11 the order holds against a completion that comes in between") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::run_on(workers, [] {
      for (int round = 0; round != 2000; ++round) {
        auto const p = std::make_shared<weft::promise<int>>();
        auto const f = p->get_future();
        std::vector<int> order;
        auto const setter = weft::spawn([p] { p->set_value(1); });
        for (int i = 0; i != 6; ++i) (void)f.on_done([&order, i](auto const&) { order.push_back(i); });
        setter.get();
        drained(f);
        REQUIRE(order == std::vector<int>{0, 1, 2, 3, 4, 5});
      }
    });
  });
}

TEST_CASE("X3 F12 never inside set_value, nor inside on_done when it is done already") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    auto const me = weft::this_task::id();
    std::vector<std::uint64_t> ran_in;
    bool inside = true;
    (void)f.on_done([&](auto const&) { ran_in.push_back(weft::this_task::id()); });
    p.set_value(1);
    (void)f.on_done([&](auto const&) { ran_in.push_back(weft::this_task::id()); });
    inside = false;
    drained(f);
    CHECK_FALSE(inside);
    REQUIRE(ran_in.size() == 2);
    for (auto const id : ran_in) CHECK(id != me);
  });
}

TEST_CASE("F12 also when a callback completes another future, or registers on a done one") {
  shapes::everywhere([] {
    weft::promise<int> first, second;
    auto const f = first.get_future();
    auto const g = second.get_future();
    std::uint64_t outer = 0;
    std::vector<std::uint64_t> inner;
    (void)g.on_done([&](auto const&) { inner.push_back(weft::this_task::id()); });
    (void)f.on_done([&](auto const&) {
      outer = weft::this_task::id();
      second.set_value(2);
      (void)g.on_done([&](auto const&) { inner.push_back(weft::this_task::id()); });
      drained(g);  // another future's callbacks do not wait for this one
    });
    first.set_value(1);
    drained(f);
    REQUIRE(inner.size() == 2);
    for (auto const id : inner) CHECK(id != outer);
  });
}

TEST_CASE("F12 a chain of futures completed from callbacks does not grow the stack") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::run_on(workers, [] {
      constexpr std::size_t n = 5000;
      std::vector<weft::promise<int>> chain(n);
      for (std::size_t i = 0; i + 1 != n; ++i) {
        (void)chain[i].get_future().on_done([&chain, i](auto const& f) { chain[i + 1].set_value(f.result() + 1); });
      }
      chain[0].set_value(0);
      CHECK(chain.back().get_future().get() == static_cast<int>(n) - 1);
    });
  });
}

TEST_CASE("F13 a callback runs for a value, an error, a cancellation and a broken promise alike") {
  shapes::everywhere([] {
    int calls = 0;
    auto const after = [&](auto end) {
      weft::promise<int> p;
      auto const f = p.get_future();
      (void)f.on_done([&](weft::future<int> const& g) {
        CHECK(g.done());
        ++calls;
      });
      end(std::move(p));
      drained(f);
      (void)f.cancel();  // marks the error as seen
    };
    after([](weft::promise<int> p) { p.set_value(1); });
    after([](weft::promise<int> p) { p.set_exception(std::make_exception_ptr(1)); });
    after([](weft::promise<int> p) { (void)p.get_future().cancel(); });
    after([](weft::promise<int>) {});
    CHECK(calls == 4);
  });
}

TEST_CASE("F13 a task calls back with itself, also when it was cancelled before it started") {
  shapes::everywhere([] {
    weft::promise<std::string> p;
    auto const t = weft::spawn({.name = "worker bee"}, [] { weft::this_task::sleep_for(weft::never); });
    (void)t.on_done([&p](weft::task<> const& self) { p.set_value(self.name() + (self.cancelled() ? " cancelled" : "")); });
    CHECK(t.cancel());
    CHECK(p.get_future().get() == "worker bee cancelled");
  });
}

TEST_CASE("F14 after reset() a callback does not run; a second reset() and an empty one do nothing") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    int calls = 0;
    auto const life = std::make_shared<int>();
    auto removed = f.on_done([&calls, life](auto const&) { calls += 100; });
    auto kept = f.on_done([&calls](auto const&) { ++calls; });
    auto moved = std::move(removed);
    removed.reset();
    moved.reset();
    CHECK(life.use_count() == 1);  // what it captured has gone
    moved.reset();
    weft::callback().reset();
    { auto const token_gone = f.on_done([&calls](auto const&) { ++calls; }); }
    p.set_value(1);
    drained(f);
    CHECK(calls == 2);
    kept.reset();
  });
}

TEST_CASE("F14 reset() waits for a callback that is running") {
  shapes::everywhere([] {
    weft::promise<int> p;
    weft::promise<> entered, go_on;
    bool over = false;
    auto hook = p.get_future().on_done([&](auto const&) {
      entered.set_value();
      go_on.get_future().get();
      over = true;
    });
    p.set_value(1);
    entered.get_future().get();
    auto const opener = weft::fork([&] { go_on.set_value(); });
    hook.reset();
    CHECK(over);
  });
}

TEST_CASE("F14 reset() from the callback itself returns, from one ahead of it in the queue prevents it") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    int calls = 0;
    weft::callback self, other;
    self = f.on_done([&](auto const&) {
      ++calls;
      self.reset();
      other.reset();
      ++calls;
    });
    other = f.on_done([&](auto const&) { calls += 100; });
    p.set_value(1);
    drained(f);
    CHECK(calls == 2);
  });
}

TEST_CASE("F14 reset() against completion: not running and not to run when it returns") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::run_on(workers, [] {
      int ran = 0, prevented = 0;
      for (int round = 0; round != 2000; ++round) {
        auto const p = std::make_shared<weft::promise<int>>();
        auto const f = p->get_future();
        auto alive = std::make_unique<std::atomic<int>>(0);
        auto hook = f.on_done([at = alive.get()](auto const&) {
          ++*at;
          weft::this_task::yield();
          ++*at;
        });
        auto const setter = weft::spawn([p] { p->set_value(1); });
        if (round % 2 != 0) weft::this_task::yield();
        hook.reset();
        int const seen = *alive;
        REQUIRE((seen == 0 || seen == 2));
        ++(seen == 0 ? prevented : ran);
        alive.reset();  // a call after reset() would be a use after free
        setter.get();
      }
      CHECK(ran + prevented == 2000);
    });
  });
}

TEST_CASE("F15 callbacks may register and take back others while they are being run") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    std::vector<int> order;
    weft::callback third;
    (void)f.on_done([&](auto const& g) {
      order.push_back(1);
      (void)g.on_done([&](auto const& h) {
        order.push_back(4);
        (void)h.on_done([&](auto const&) { order.push_back(5); });
      });
      third.reset();
    });
    (void)f.on_done([&](auto const&) { order.push_back(2); });
    third = f.on_done([&](auto const&) { order.push_back(3); });
    p.set_value(1);
    drained(f);
    drained(f);
    CHECK(order == std::vector<int>{1, 2, 4, 5});
  });
}

TEST_CASE("F16 a callback that throws is reported and affects neither the others nor the future") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    weft::run(seen.options(workers), [] {
      auto const t = weft::spawn({.name = "calls back"}, [] { return 1; });
      bool second = false;
      (void)t.on_done([](auto const&) { throw std::runtime_error("thrown by a callback"); });
      (void)t.on_done([&](auto const&) { second = true; });
      drained(t);
      CHECK(second);
      CHECK(t.get() == 1);
    });
    REQUIRE(seen.count() == 1);
    CHECK(seen.all()[0].task_name == "calls back");
    CHECK(shapes::message_of<std::runtime_error>([&] { std::rethrow_exception(seen.all()[0].error); }) ==
          "thrown by a callback");
  });
}

TEST_CASE("callbacks run in the runtime of the task that registered them") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime one({.workers = workers}), two({.workers = workers});
    weft::promise<int> p;
    auto const f = p.get_future();
    std::vector<weft::runtime*> where;  // one after the other, across runtimes too
    std::vector<weft::runtime*> expected;
    for (int i = 0; i != 6; ++i) {
      auto& rt = i % 2 == 0 ? one : two;
      rt.spawn([&, f] { (void)f.on_done([&](auto const&) { where.push_back(weft::runtime::current()); }); }).get();
      expected.push_back(&rt);
    }
    p.set_value(1);
    one.spawn([f] { drained(f); }).get();
    CHECK(where == expected);
  });
}

TEST_CASE("registered on a plain thread: in the task's runtime; without any, on the completing thread") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    weft::promise<> gate;
    auto const t = rt.spawn([f = gate.get_future()] {
      f.get();
      return 1;
    });
    weft::promise<weft::runtime*> seen;
    (void)t.on_done([&](auto const&) { seen.set_value(weft::runtime::current()); });
    gate.set_value();
    CHECK(seen.get_future().get() == &rt);
  });
  weft::promise<int> p;
  auto const f = p.get_future();
  std::thread::id ran_on;
  (void)f.on_done([&](auto const&) { ran_on = std::this_thread::get_id(); });
  p.set_value(1);
  CHECK(ran_on == std::this_thread::get_id());
  ran_on = {};
  (void)f.on_done([&](auto const&) { ran_on = std::this_thread::get_id(); });
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("callbacks may suspend, spawn and wait, and are never cancelled") {
  shapes::everywhere([] {
    weft::promise<int> p;
    weft::promise<std::string> said;
    auto const f = p.get_future();
    (void)f.on_done([&](auto const& g) {
      auto const t = weft::spawn([g] { return g.get() + 1; });
      CHECK_FALSE(weft::this_task::self().cancel());
      weft::this_task::sleep_for(1us);
      said.set_value("got " + std::to_string(t.get()));
    });
    p.set_value(41);
    CHECK(said.get_future().get() == "got 42");
  });
}

TEST_CASE("the callbacks of finished futures are over when run() returns, those of pending ones are dropped") {
  shapes::for_each_worker_count([](unsigned workers) {
    std::atomic<int> calls{0};
    auto const dropped = std::make_shared<int>();
    weft::promise<int> outlives;
    for (int i = 0; i != 100; ++i) {
      shapes::run_on(workers, [&] {
        for (int k = 0; k != 5; ++k) {
          (void)weft::spawn([] { return 1; }).on_done([&](auto const&) {
            weft::this_task::yield();
            ++calls;
          });
        }
        (void)outlives.get_future().on_done([&calls, dropped](auto const&) { calls += 1000; });
      });
    }
    CHECK(calls == 500);
    CHECK(dropped.use_count() == 1);
    outlives.set_value(1);
    CHECK(calls == 500);
  });
}

TEST_CASE("a future that is completed after the shutdown of its callback's runtime drops the callback") {
  shapes::for_each_worker_count([](unsigned workers) {
    int calls = 0;
    weft::promise<int> p;
    {
      weft::runtime rt({.workers = workers});
      rt.spawn([&calls, f = p.get_future()] { (void)f.on_done([&calls](auto const&) { ++calls; }); }).get();
      CHECK(rt.shutdown().clean);
      p.set_value(1);
    }
    CHECK(calls == 0);
  });
}
