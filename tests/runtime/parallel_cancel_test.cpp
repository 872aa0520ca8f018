// Cancellation, time-outs, shields and task locals in parallel_for and parallel_invoke.
#include <atomic>
#include <stdexcept>
#include <string>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

namespace {

// A task inside parallel_invoke, of two that are both in f when this returns: f(is it the caller's own?).
template <class F>
auto pair_in(F f) {
  auto const both = std::make_shared<weft::barrier>(3);
  auto t = weft::spawn([f, both] {
    auto const caller = this_task::id();
    auto const body = [&] {
      both->arrive_and_wait();
      f(this_task::id() == caller);
    };
    weft::parallel_invoke(body, body);
  });
  both->arrive_and_wait();
  return t;
}

}  // namespace

TEST_CASE("C05 parallel_for, parallel_reduce and parallel_invoke are checkpoints: with a request pending nothing is called") {
  everywhere([] {
    int seen = 0;
    auto const expect_cancelled = [&](auto f) {
      auto const t = weft::spawn([&, f] {
        (void)this_task::self().cancel("pending");
        try {
          f();
        } catch (weft::cancelled const& e) {
          if (e.message() == "pending") ++seen;
        }
      });
      t.get();
    };
    expect_cancelled([] { weft::parallel_for(0, 10, [](int) { FAIL("called"); }); });
    expect_cancelled([] { weft::parallel_for(0, 0, [](int) {}); });
    expect_cancelled([] { (void)weft::parallel_reduce(0, 10, 0, [](int i) { return i == 0 ? throw std::logic_error("called") : i; }, std::plus<>()); });
    expect_cancelled([] { weft::parallel_invoke([] { FAIL("called"); }, [] {}); });
    CHECK(seen == 4);
  });
}

TEST_CASE("a loop whose bodies never suspend is cancelled between them") {
  for (std::ptrdiff_t const grain : {0, 1, 100}) {
    on_all([grain] {
      std::atomic<bool> begun{false};
      auto const t = weft::spawn([&] {
        weft::parallel_for(std::uint64_t{0}, std::uint64_t{1} << 60, [&](std::uint64_t) { begun = true; }, grain);
      });
      until([&] { return begun.load(); });
      CHECK(t.cancel("enough"));
      t.wait();
      CHECK(t.cancelled());
      CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "enough");
    });
  }
}

TEST_CASE("C03 the caller's cancellation reaches all that run, those that others have taken with cause awaiter") {
  everywhere([] {
    std::atomic<int> ended{0};
    auto const t = pair_in([&](bool own) {
      try {
        wait_for_ever();
      } catch (weft::cancelled const& e) {
        CHECK(e.cause() == (own ? weft::cancel_cause::requested : weft::cancel_cause::awaiter));
        CHECK(e.message() == "stop");
        this_task::yield();
        ++ended;
        throw;
      }
    });
    CHECK(t.cancel("stop"));
    t.wait();
    CHECK(t.cancelled());
    CHECK(ended == 2);
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "stop");
  });
}

TEST_CASE("C03 cancelled while it waits for what others have taken") {
  everywhere([] {
    std::atomic<bool> ended{false};
    weft::event waiting;
    auto const t = pair_in([&](bool own) {
      if (own) {
        waiting.set();
        return;
      }
      try {
        wait_for_ever();
      } catch (weft::cancelled const&) {
        this_task::yield();
        ended = true;
        throw;
      }
    });
    waiting.wait();
    for (int i = 0; i != 5; ++i) this_task::yield();
    CHECK(t.cancel());
    t.wait();
    CHECK(t.cancelled());
    CHECK(ended);
  });
}

TEST_CASE("a second cancel interrupts the clean-up of what others have taken") {
  everywhere([] {
    std::atomic<int> interrupted{0};
    weft::event cleaning, waiting;
    auto const t = pair_in([&](bool own) {
      if (own) {
        waiting.set();
        return;
      }
      for (int i = 0; i != 2; ++i) {
        try {
          if (i == 1) cleaning.set();
          wait_for_ever();
        } catch (weft::cancelled const&) {
          ++interrupted;
        }
      }
    });
    waiting.wait();
    (void)t.cancel("first");
    cleaning.wait();
    (void)t.cancel("second");
    t.wait();
    CHECK(t.cancelled());
    CHECK(interrupted == 2);
  });
}

TEST_CASE("a request that a body swallows is swallowed: the loop goes on") {
  everywhere([] {
    std::atomic<int> n{0};
    weft::event inside;
    auto const t = weft::spawn([&] {
      weft::parallel_for(0, 20, [&](int i) {
        ++n;
        if (i != 0) return;
        inside.set();
        try {
          wait_for_ever();
        } catch (weft::cancelled const&) {
        }
      });
      return 7;
    });
    inside.wait();
    (void)t.cancel();
    CHECK(t.get() == 7);
    CHECK(n == 20);
  });
}

TEST_CASE("an error of the clean-up comes before the cancellation") {
  everywhere([] {
    auto const t = pair_in([](bool own) {
      try {
        wait_for_ever();
      } catch (weft::cancelled const&) {
        if (!own) throw std::runtime_error("clean-up");
        throw;
      }
    });
    (void)t.cancel();
    CHECK(message_of<std::runtime_error>([&] { t.get(); }) == "clean-up");
  });
}

TEST_CASE("who takes a part may be cancelled by itself: the call ends by that") {
  everywhere([] {
    weft::promise<weft::any_task> taker;
    auto const t = weft::spawn([&] {
      auto const caller = this_task::id();
      weft::event done;
      auto const body = [&] {
        if (this_task::id() == caller) return done.wait();
        taker.set_value(this_task::self());
        struct at_end {
          weft::event& e;
          ~at_end() { e.set(); }
        } const tell{done};
        wait_for_ever();
      };
      weft::parallel_invoke(body, body);
    });
    (void)taker.get_future().get().cancel("this one");
    t.wait();
    CHECK(t.cancelled());
    CHECK(t.cancelling() == 0);
  });
}

TEST_CASE("X5 inside shield_scope, and while the stack unwinds, neither the caller nor who joins in is interrupted") {
  everywhere([] {
    std::atomic<int> to_the_end{0};
    bool came_later = false;
    auto const both = std::make_shared<weft::barrier>(3);
    auto const body = [&] {
      both->arrive_and_wait();
      both->arrive_and_wait();  // here the request finds it, or before
      for (int i = 0; i != 10; ++i) this_task::yield();
      ++to_the_end;
    };
    for (bool const unwinding : {false, true}) {
      auto const t = weft::spawn([&] {
        struct at_exit {
          decltype(body) const& f;
          ~at_exit() { weft::parallel_invoke(f, f); }
        };
        if (unwinding) {
          try {
            at_exit const guard{body};
            throw std::runtime_error("passes");
          } catch (std::runtime_error const&) {
          }
        } else {
          weft::shield_scope const shield;
          weft::parallel_invoke(body, body);
        }
        try {
          this_task::yield();
        } catch (weft::cancelled const&) {
          came_later = true;
        }
      });
      both->arrive_and_wait();
      (void)t.cancel();
      both->arrive_and_wait();
      t.get();
      CHECK(std::exchange(came_later, false));
    }
    CHECK(to_the_end == 4);
  });
}

TEST_CASE("a time-out around a loop: between bodies that never suspend, and for who has joined in") {
  on_all([] {
    auto const for_ever = [] { weft::parallel_for(std::uint64_t{0}, std::uint64_t{1} << 60, [](std::uint64_t) {}); };
    CHECK_THROWS_AS(weft::with_timeout(2ms, for_ever), weft::timeout_error);
    check_healthy();
  });
  everywhere([] {
    std::atomic<int> interrupted{0}, with_deadline{0};
    auto const body = [&] {
      if (this_task::deadline()) ++with_deadline;
      try {
        wait_for_ever();
      } catch (weft::cancelled const&) {
        ++interrupted;
        throw;
      }
    };
    weft::barrier all(3);
    auto const meet_and_wait = [&] {
      all.arrive_and_wait();
      body();
    };
    CHECK_THROWS_AS(weft::with_timeout(50ms, [&] { weft::parallel_invoke(meet_and_wait, meet_and_wait, meet_and_wait); }), weft::timeout_error);
    CHECK(interrupted == 3);
    CHECK(with_deadline == 3);
    check_healthy();
  });
}

TEST_CASE("R02 shutdown ends loops that run, that wait, and that clean up") {
  for_each_worker_count([](unsigned workers) {
    std::atomic<int> inside{0}, ended{0};
    weft::runtime rt({.workers = workers});
    auto const loops = [&] {
      weft::parallel_for(0, 6, [&](int) {
        ++inside;
        try {
          wait_for_ever();
        } catch (weft::cancelled const& e) {
          this_task::yield();  // its own request and the one passed on to it are one or two, but come before this
          ++ended;
          throw;
        }
      });
    };
    std::vector<weft::task<>> all;
    for (int i = 0; i != 3; ++i) all.push_back(rt.spawn(loops));
    until([&] { return inside >= 3; });
    CHECK(rt.shutdown().clean);
    for (auto const& t : all) CHECK(t.cancelled());
    CHECK(rt.metrics().live == 0);
  });
}

TEST_CASE("CX01 bodies begin with the caller's task locals; what they set there does not come out") {
  static weft::task_local<int> number{0};
  everywhere([] {
    for (int const given : {0, 5}) {
      if (given != 0) number.set(given);
      std::atomic<int> right{0};
      auto const body = [&] {
        if (number.get() == given) ++right;
        number.set(99);
        this_task::yield();
        if (number.get() == 99) ++right;
      };
      weft::parallel_invoke(body, body, body);
      CHECK(right == 6);
      CHECK(number.get() == given);
      weft::parallel_for(0, 10, [&](int) { number.set(7); });
      CHECK(number.get() == given);
      CHECK_THROWS_AS(weft::parallel_invoke([] { number.set(8), throw 1; }, [] { number.set(9); }), int);
      CHECK(number.get() == given);
    }
  });
}
