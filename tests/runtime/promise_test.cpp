// The writing end: set once, cancelled from the other side, broken when dropped.
#include <future>
#include <latch>
#include <memory>
#include <thread>

#include "tests/support/shapes.hpp"

static_assert(!std::is_copy_constructible_v<weft::promise<int>> && std::is_nothrow_move_constructible_v<weft::promise<int>>);

namespace {

template <class T, class... Args>
concept settable = requires(weft::promise<T> p, Args... args) { p.set_value(args...); };
static_assert(settable<int, int> && settable<std::string, int, char> && !settable<int, std::string>);
static_assert(settable<void> && !settable<void, int>);

}  // namespace

TEST_CASE("F03 a second result, or one after cancel, is an invalid-state error and changes nothing") {
  shapes::everywhere([] {
    auto const late = std::make_exception_ptr(std::runtime_error("late"));
    weft::promise<int> p;
    auto const f = p.get_future();
    p.set_value(1);
    CHECK_THROWS_AS(p.set_value(2), weft::invalid_state_error);
    CHECK_THROWS_AS(p.set_exception(late), weft::invalid_state_error);
    CHECK(f.get() == 1);
    weft::promise<int> q;
    auto const g = q.get_future();
    CHECK(g.cancel());
    CHECK(q.cancelled());
    CHECK_THROWS_AS(q.set_value(2), weft::invalid_state_error);
    CHECK_THROWS_AS(q.set_exception(late), weft::invalid_state_error);
    CHECK(g.cancelled());
  });
}

TEST_CASE("F03 F04 try_set_value and try_set_exception say whether they did") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    CHECK(p.try_set_value(1));
    CHECK_FALSE(p.try_set_value(2));
    CHECK_FALSE(p.try_set_exception(std::make_exception_ptr(3)));
    CHECK(f.get() == 1);
    weft::promise<> q;
    auto const g = q.get_future();
    CHECK(g.cancel());
    CHECK_FALSE(q.try_set_value());
    weft::promise<> r;
    CHECK(r.try_set_exception(std::make_exception_ptr(3)));
    CHECK_THROWS_AS(r.get_future().get(), int);
  });
}

TEST_CASE("F03 of many setters exactly one wins, and its value is seen") {
  shapes::for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 50; ++round) {
      shapes::run_on(workers, [] {
        auto const p = std::make_shared<weft::promise<int>>();
        std::vector<weft::task<bool>> setters;
        for (int i = 0; i != 8; ++i) setters.push_back(weft::spawn([p, i] { return p->try_set_value(i); }));
        int winner = -1, winners = 0;
        for (int i = 0; i != 8; ++i) {
          if (setters[static_cast<std::size_t>(i)].get()) {
            winner = i;
            ++winners;
          }
        }
        CHECK(winners == 1);
        CHECK(p->get_future().get() == winner);
      });
    }
  });
}

TEST_CASE("F05 set against cancel: one of them wins, both know") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::run_on(workers, [] {
      for (int round = 0; round != 300; ++round) {
        auto const p = std::make_shared<weft::promise<int>>();
        auto const f = p->get_future();
        auto const sets = weft::spawn([p] { return p->try_set_value(1); });
        auto const cancels = weft::spawn([f] { return f.cancel(); });
        bool const was_set = sets.get();
        CHECK(was_set != cancels.get());
        f.wait();
        CHECK(f.cancelled() == !was_set);
      }
    });
  });
}

TEST_CASE("F05 a promise's future is done, with its waiters woken, when cancel() returns") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    auto const waiter = weft::spawn([f] { (void)f.get(); });
    weft::this_task::yield();
    CHECK(f.cancel("enough"));
    CHECK(f.done());
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { waiter.get(); }) == "enough");
    CHECK(!waiter.cancelled());  // it was not cancelled itself, it failed with what it saw
  });
}

TEST_CASE("F09 a weft::cancelled given as exception ends the future cancelled, with its message") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    p.set_exception(std::make_exception_ptr(weft::cancelled("by its maker")));
    CHECK(f.cancelled());
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { (void)f.get(); }) == "by its maker");
  });
}

TEST_CASE("F09 no exception at all is an invalid argument, the promise stays open") {
  shapes::everywhere([] {
    weft::promise<int> p;
    CHECK_THROWS_AS(p.set_exception(nullptr), std::invalid_argument);
    CHECK_FALSE(p.get_future().done());
    p.set_value(1);
  });
}

TEST_CASE("a value whose constructor throws leaves the promise open") {
  struct picky {
    explicit picky(int v) {
      if (v < 0) throw std::invalid_argument("negative");
    }
  };
  shapes::everywhere([] {
    weft::promise<picky> p;
    CHECK_THROWS_AS(p.set_value(-1), std::invalid_argument);
    CHECK_FALSE(p.get_future().done());
    p.set_value(1);
    CHECK(p.get_future().done());
  });
}

TEST_CASE("a promise is moved with its obligation; a moved-from one has none") {
  shapes::everywhere([] {
    weft::promise<std::unique_ptr<int>> p;
    auto const f = p.get_future();
    auto q = std::move(p);
    CHECK_THROWS_AS(p.set_value(nullptr), weft::invalid_state_error);
    CHECK_THROWS_AS((void)p.try_set_value(nullptr), weft::invalid_state_error);
    q.set_value(std::make_unique<int>(3));
    CHECK(*f.take() == 3);
    weft::promise<int> first, second;
    auto const broken = first.get_future();
    first = std::move(second);
    CHECK_THROWS_AS((void)broken.get(), weft::broken_promise_error);
    CHECK_FALSE(first.get_future().done());
  });
}

TEST_CASE("F28 a promise destroyed unset breaks: its waiters see broken_promise_error") {
  shapes::everywhere([] {
    weft::future<int> f;
    weft::task<bool> waiter;
    {
      weft::promise<int> const p;
      f = p.get_future();
      waiter = weft::spawn([f] {
        try {
          (void)f.get();
        } catch (weft::broken_promise_error const&) {
          return true;
        }
        return false;
      });
      weft::this_task::yield();
    }
    CHECK(f.done());
    CHECK(waiter.get());
    CHECK_THROWS_AS((void)f.get(), weft::broken_promise_error);
  });
}

TEST_CASE("F18 F28 a promise that nobody waits for any more goes silently") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    weft::run(seen.options(workers), [] {
      { weft::promise<int> const p; }
      weft::promise<int> const q;
      auto f = q.get_future();
      f = {};
    });
    CHECK(seen.count() == 0);
  });
}

TEST_CASE("a promise is set from a plain thread, and waited for on one") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    for (int i = 0; i != 50; ++i) {
      weft::promise<int> there, back;
      auto const answer = rt.spawn([f = there.get_future(), p = std::move(back)]() mutable { p.set_value(f.get() + 1); });
      std::thread plain([&there, i] { there.set_value(i); });
      answer.get();
      plain.join();
    }
    weft::promise<int> p;
    auto const f = p.get_future();
    auto const sets = rt.spawn([&p] { p.set_value(5); });
    CHECK(f.get() == 5);
    sets.get();
  });
}

TEST_CASE("F25 a bridge from a std::future: results flow in, cancellation flows out unless it is too late") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::run_on(workers, [] {
      std::promise<int> foreign;
      auto const bridged = weft::run_blocking([f = foreign.get_future()]() mutable { return f.get(); });
      foreign.set_value(6);
      CHECK(bridged.get() == 6);

      // A library that calls back: a promise, and its stop as on_cancel.
      std::atomic<bool> stopped{false};
      weft::promise<int> p;
      auto const hook = p.on_cancel([&stopped] { stopped = true; });
      auto const f = p.get_future();
      CHECK(f.cancel());
      shapes::until([&] { return stopped.load(); });
      CHECK_FALSE(p.try_set_value(1));
    });
  });
}

TEST_CASE("on_cancel is not called for a value, an error or a broken promise") {
  shapes::everywhere([] {
    int calls = 0, done = 0;
    auto const count = [&](auto end) {
      weft::promise<int> p;
      auto const f = p.get_future();
      auto const hook = p.on_cancel([&] { ++calls; });
      weft::promise<> over;
      auto const after = f.on_done([&](auto const&) {
        ++done;
        over.set_value();
      });
      end(std::move(p));
      over.get_future().get();
      (void)f.cancel();
    };
    count([](weft::promise<int> p) { p.set_value(1); });
    count([](weft::promise<int> p) { p.set_exception(std::make_exception_ptr(1)); });
    count([](weft::promise<int>) {});
    CHECK(calls == 0);
    CHECK(done == 3);
  });
}

TEST_CASE("on_cancel runs once however it was cancelled, also when registered afterwards") {
  shapes::everywhere([] {
    weft::promise<int> p;
    int before = 0, after = 0;
    auto const first = p.on_cancel([&] { ++before; });
    CHECK(p.get_future().cancel());
    CHECK_FALSE(p.get_future().cancel());
    weft::promise<> over;
    auto const second = p.on_cancel([&] {
      ++after;
      over.set_value();
    });
    over.get_future().get();
    CHECK(before == 1);
    CHECK(after == 1);
  });
}

TEST_CASE("a task that waits with get() and is cancelled cancels the promise's future; the maker hears of it") {
  shapes::everywhere([] {
    weft::promise<int> p;
    weft::promise<> heard;
    auto const hook = p.on_cancel([&] { heard.set_value(); });
    auto const waiter = weft::spawn([f = p.get_future()] { (void)f.get(); });
    weft::this_task::yield();
    CHECK(waiter.cancel("go home"));
    waiter.wait();
    CHECK(waiter.cancelled());
    if (p.cancelled()) heard.get_future().get();  // else it never started
  });
}

TEST_CASE("a promise may go as soon as its future is seen to be done, though set_value is still returning") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::run_on(workers, [] {
      for (int round = 0; round != 300; ++round) {
        auto p = std::make_unique<weft::promise<int>>();
        weft::promise<> over;
        auto const waiters = round % 3 == 0 ? 40 : 1;  // more than are woken in one go
        std::vector<weft::task<int>> all;
        for (int i = 0; i != waiters; ++i) {
          all.push_back(weft::spawn([f = p->get_future()]() mutable { return std::move(f).get(); }));
        }
        if (round % 2 == 0) (void)p->get_future().on_done([&over](auto const&) { over.set_value(); });
        auto const setter = weft::spawn([raw = p.get()] { raw->set_value(7); });
        for (auto& t : all) CHECK(std::move(t).get() == 7);
        p.reset();
        if (round % 2 == 0) over.get_future().get();
        setter.get();
      }
    });
  });
}
