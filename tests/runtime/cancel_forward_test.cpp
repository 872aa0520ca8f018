// What get() does with the cancellation of the one who waits: it passes it on, and what becomes of the awaited is the
// outcome. In simulations the seeds decide whether the child is run by its joiner, by others, or has not begun.
#include <atomic>
#include <string>

#include "tests/support/shapes.hpp"

using namespace shapes;
namespace this_task = weft::this_task;
using weft::cancel_cause;

namespace {

constexpr std::uint64_t many_seeds = 60;

template <class F>
void in_all_orders(F f) {
  on_all(f);
  in_simulations(many_seeds, f);
}

// A parent that waits by get() for a child that waits for ever; the child goes on with `f` when it is cancelled.
// Gives the parent, once the child is waiting.
template <class F>
auto family(F f) {
  weft::promise<> inside;
  auto const there = inside.get_future();
  auto parent = weft::spawn([f, inside = std::move(inside)]() mutable {
    auto const child = weft::spawn([f, inside = std::move(inside)]() mutable {
      inside.set_value();
      try {
        never_done().wait();
      } catch (weft::cancelled const& e) {
        return f(e);
      }
      throw std::logic_error("not cancelled");
    });
    return child.get();
  });
  there.wait();
  return parent;
}

}  // namespace

TEST_CASE("C03 being cancelled in get() cancels what is awaited, and waits for its end") {
  in_all_orders([] {
    std::atomic<bool> ended{false};
    auto const parent = family([&ended](weft::cancelled const& e) {
      CHECK(e.cause() == cancel_cause::awaiter);
      CHECK(e.message() == "down the line");
      this_task::yield();
      ended = true;
      throw e;
    });
    CHECK(parent.cancel("down the line"));
    try {
      parent.get();
      FAIL("no error");
    } catch (weft::task_cancelled_error const& e) {
      CHECK(std::string(e.what()) == "down the line");
      CHECK(e.cause() == cancel_cause::requested);
    }
    CHECK(ended);
  });
}

TEST_CASE("C03 the awaiter's cancelled carries its own message and cause, not the child's") {
  in_all_orders([] {
    weft::promise<> inside;
    auto const parent = weft::spawn([&inside] {
      auto const child = weft::spawn([&inside] {
        inside.set_value();
        try {
          never_done().wait();
        } catch (weft::cancelled const&) {
          throw weft::cancelled("the child's words", cancel_cause::timeout);
        }
      });
      try {
        child.get();
      } catch (weft::cancelled const& e) {
        CHECK(e.message() == "the parent's");
        CHECK(e.cause() == cancel_cause::requested);
        CHECK(child.cancelled());
        return std::string("both ended");
      }
      return std::string();
    });
    inside.get_future().wait();
    CHECK(parent.cancel("the parent's"));
    CHECK(parent.get() == "both ended");
  });
}

TEST_CASE("C09 the awaited task swallows it and returns a value: get() returns that") {
  in_all_orders([] {
    auto const parent = family([](weft::cancelled const&) { return 5; });
    CHECK(parent.cancel());
    CHECK(parent.get() == 5);
    CHECK(parent.cancelling() == 1);
    CHECK(parent.state() == weft::task_state::finished);
  });
}

TEST_CASE("C09 after a swallowed one the awaiter goes on undisturbed: the request is spent") {
  in_all_orders([] {
    weft::promise<> inside;
    auto const parent = weft::spawn([&inside] {
      auto const child = weft::spawn([&inside] {
        inside.set_value();
        try {
          never_done().wait();
        } catch (weft::cancelled const&) {
        }
        return 1;
      });
      int const v = child.get();
      this_task::yield();
      this_task::checkpoint();
      return v + this_task::cancelling();
    });
    inside.get_future().wait();
    CHECK(parent.cancel());
    CHECK(parent.get() == 2);
  });
}

TEST_CASE("C09 the awaited task fails instead: get() throws that error") {
  in_all_orders([] {
    auto const parent = family([](weft::cancelled const&) -> int { throw std::domain_error("worse"); });
    CHECK(parent.cancel());
    CHECK(message_of<std::domain_error>([&] { (void)parent.get(); }) == "worse");
    CHECK(parent.state() == weft::task_state::failed);
  });
}

TEST_CASE("C04 an awaiter that is not cancelled itself gets task_cancelled_error, a std::exception") {
  in_all_orders([] {
    auto const child = weft::spawn([] { never_done().wait(); });
    auto const parent = weft::spawn([child] {
      try {
        child.get();
      } catch (std::exception const& e) {
        return std::string(e.what());
      }
      return std::string("nothing");
    });
    CHECK(child.cancel("only the child"));
    CHECK(parent.get() == "only the child");
    CHECK(parent.cancelling() == 0);
  });
}

TEST_CASE("C03 wait(), wait_for() leave the awaited alone") {
  in_all_orders([] {
    weft::promise<> go_on;
    auto const child = weft::spawn([f = go_on.get_future()] {
      f.wait();
      return 1;
    });
    auto const waits = weft::spawn([child] { child.wait(); });
    auto const waits_for = weft::spawn([child] { (void)child.wait_for(weft::never); });
    CHECK(waits.cancel());
    CHECK(waits_for.cancel());
    waits.wait();
    waits_for.wait();
    CHECK(waits.cancelled());
    CHECK(waits_for.cancelled());
    CHECK_FALSE(child.done());
    CHECK(child.cancelling() == 0);
    go_on.set_value();
    CHECK(child.get() == 1);
  });
}

TEST_CASE("C03 being cancelled in get() of a promise's future cancels the future") {
  in_all_orders([] {
    weft::promise<int> p;
    weft::promise<> told, inside;
    auto const heard = p.on_cancel([&told] { told.set_value(); });
    auto const t = weft::spawn([f = p.get_future(), &inside] {
      inside.set_value();
      return f.get();
    });
    inside.get_future().wait();
    CHECK(t.cancel("no longer"));
    t.wait();
    CHECK(t.cancelled());
    told.get_future().wait();
    CHECK_THROWS_AS(p.set_value(1), weft::invalid_state_error);
  });
}

TEST_CASE("C07 get() entered with a request pending forwards it first: a child that has not begun never runs") {
  auto const body = [](bool alone) {
    bool ran = false;
    bool threw = false;
    auto const parent = weft::spawn([&] {
      (void)this_task::self().cancel("at once");
      auto const child = weft::spawn([&ran] {
        ran = true;
        never_done().wait();
      });
      try {
        child.get();
      } catch (weft::cancelled const& e) {
        threw = e.message() == "at once" && child.cancelled();
        throw;
      }
    });
    parent.wait();
    CHECK(parent.cancelled());
    CHECK(threw);
    if (alone) CHECK_FALSE(ran);
  };
  for_each_worker_count([&](unsigned workers) { run_on(workers, [&] { body(workers == 1); }); });
  in_simulations(many_seeds, [&] { body(true); });
}

TEST_CASE("C07 W10 get() of something done with a request pending throws cancelled; the value stays") {
  everywhere([] {
    auto const t = weft::spawn([] {
      auto const child = weft::spawn([] { return 4; });
      child.wait();
      (void)this_task::self().cancel();
      CHECK_THROWS_AS((void)child.get(), weft::cancelled);
      return child.get();
    });
    CHECK(t.get() == 4);
  });
}

TEST_CASE("C03 a request passes down a chain of awaiters to the last, and up again") {
  in_all_orders([] {
    constexpr int depth = 20;
    std::atomic<int> unwound{0};
    weft::promise<> bottom;
    struct go {
      static void down(int left, std::atomic<int>* unwound, weft::promise<>* bottom) {
        struct count {
          std::atomic<int>& n;
          ~count() { ++n; }
        } const counted{*unwound};
        if (left == 0) {
          bottom->set_value();
          never_done().wait();
        } else {
          weft::spawn([=] { down(left - 1, unwound, bottom); }).get();
        }
      }
    };
    auto const top = weft::spawn([&] { go::down(depth, &unwound, &bottom); });
    bottom.get_future().wait();
    CHECK(top.cancel("all of you"));
    CHECK(message_of<weft::task_cancelled_error>([&] { top.get(); }) == "all of you");
    CHECK(unwound == depth + 1);
  });
}

TEST_CASE("C03 any moment will do: not begun, run by its joiner, stolen, about to end") {
  in_simulations(400, [] {
    int begun = 0, ended = 0;
    auto const parent = weft::spawn([&] {
      auto child = weft::fork([&] {
        ++begun;
        struct end {
          int& n;
          ~end() { ++n; }
        } const counted{ended};
        this_task::yield();
        this_task::yield();
        return 1;
      });
      this_task::yield();
      return child.get();
    });
    auto const canceller = weft::spawn([parent] { (void)parent.cancel("now"); });
    canceller.wait();
    parent.wait();
    CHECK(begun == ended);
    CHECK(parent.done());
    CHECK((parent.cancelled() || parent.get() == 1));
  });
}

TEST_CASE("C19 a second request to the awaiter reaches the child's cleaning up") {
  in_all_orders([] {
    weft::promise<> cleaning;
    auto const parent = family([&cleaning](weft::cancelled const&) {
      cleaning.set_value();
      never_done().wait();
    });
    CHECK(parent.cancel("first"));
    cleaning.get_future().wait();
    CHECK(parent.cancel("second"));
    parent.wait();
    CHECK(parent.cancelled());
    CHECK(parent.cancelling() == 2);
  });
}

TEST_CASE("fork: destroyed unjoined it is cancelled and waited for, whatever passes") {
  in_all_orders([] {
    bool ended = false;
    auto const parent = weft::spawn([&ended] {
      auto const child = weft::fork([&ended] {
        struct end {
          bool& e;
          ~end() { e = true; }
        } const mark{ended};
        never_done().wait();
      });
      this_task::yield();
      throw std::runtime_error("on the way out");
    });
    CHECK(message_of<std::runtime_error>([&] { parent.get(); }) == "on the way out");
    (void)ended;  // whether it began is anybody's choice; that nothing of it is left is what the sanitizers see
  });
}

TEST_CASE("two awaiters of one task: the cancelled one ends it, the other hears of it") {
  in_all_orders([] {
    auto const shared = weft::spawn([] { never_done().wait(); });
    auto const first = weft::spawn([shared] { shared.get(); });
    auto const other = weft::spawn([shared] { return message_of<weft::task_cancelled_error>([&] { shared.get(); }); });
    CHECK(first.cancel("for both"));
    first.wait();
    CHECK((first.cancelled()));
    if (!shared.done()) (void)shared.cancel("for both");  // the first may not have reached its get()
    CHECK(other.get() == "for both");
  });
}
