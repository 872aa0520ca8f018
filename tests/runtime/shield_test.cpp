// Where nothing is delivered: inside shield_scope, and while the stack unwinds.
#include <memory>

#include "tests/support/shapes.hpp"

using namespace shapes;
namespace this_task = weft::this_task;

namespace {

bool interrupted_by_yield() {
  try {
    this_task::yield();
  } catch (weft::cancelled const&) {
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("SH07 inside shield_scope nothing is delivered; it comes at the first checkpoint after") {
  everywhere([] {
    auto const t = weft::spawn([] {
      int steps = 0;
      {
        weft::shield_scope const shield;
        (void)this_task::self().cancel("put off");
        CHECK_FALSE(this_task::cancel_requested());
        this_task::yield();
        this_task::checkpoint();
        this_task::sleep_for(std::chrono::nanoseconds(1));
        CHECK(weft::spawn([] { return 2; }).get() == 2);
        CHECK(this_task::cancelling() == 1);
        steps = 1;
      }
      CHECK(this_task::cancel_requested());
      CHECK(message_of<weft::cancelled>([] { this_task::yield(); }) == "put off");
      return steps;
    });
    CHECK(t.get() == 1);
  });
}

TEST_CASE("shield_scope nests: the outermost counts") {
  everywhere([] {
    (void)this_task::self().cancel();
    {
      weft::shield_scope const outer;
      {
        weft::shield_scope const inner;
        CHECK_FALSE(interrupted_by_yield());
      }
      CHECK_FALSE(interrupted_by_yield());
    }
    CHECK(interrupted_by_yield());
  });
}

TEST_CASE("a wait inside shield_scope is not ended by a cancel that comes during it") {
  everywhere([] {
    weft::promise<int> p;
    weft::promise<> inside;
    auto const t = weft::spawn([f = p.get_future(), &inside] {
      weft::shield_scope const shield;
      inside.set_value();
      f.wait();
      return f.get();
    });
    inside.get_future().wait();
    CHECK(t.cancel());
    this_task::yield();
    CHECK_FALSE(t.done());
    CHECK_FALSE(p.cancelled());  // nor is it passed on
    p.set_value(9);
    CHECK(t.get() == 9);
  });
}

TEST_CASE("a child's request is its own: the parent's shield_scope does not cover it") {
  everywhere([] {
    weft::shield_scope const shield;
    auto const child = weft::spawn([] { never_done().wait(); });
    CHECK(child.cancel("you alone"));
    CHECK(message_of<weft::task_cancelled_error>([&] { child.get(); }) == "you alone");
  });
}

TEST_CASE("C19 shield_scope protects a cleaning up from the second request") {
  everywhere([] {
    weft::promise<> inside, cleaning, go_on;
    bool cleaned = false;
    auto const t = weft::spawn([&, f = go_on.get_future()] {
      inside.set_value();
      try {
        never_done().wait();
      } catch (weft::cancelled const&) {
        weft::shield_scope const shield;
        cleaning.set_value();
        f.wait();
        cleaned = true;
        throw;
      }
    });
    inside.get_future().wait();
    CHECK(t.cancel("first"));
    cleaning.get_future().wait();
    CHECK(t.cancel("second"));
    this_task::yield();
    go_on.set_value();
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "first");
    CHECK(cleaned);
  });
}

TEST_CASE("X5 while the stack unwinds destructors may suspend, and nothing is delivered to them") {
  everywhere([] {
    weft::promise<> inside, go_on;
    weft::promise<> unwinding;
    int cleaned = 0;
    auto const t = weft::spawn([&, f = go_on.get_future()] {
      struct cleaner {
        weft::future<> f;
        weft::promise<>& unwinding;
        int& cleaned;
        ~cleaner() {
          unwinding.set_value();
          this_task::yield();
          f.wait();
          this_task::sleep_for(std::chrono::nanoseconds(1));
          cleaned += weft::spawn([] { return 1; }).get();
          CHECK_FALSE(this_task::cancel_requested());
        }
      } const last{f, unwinding, cleaned};
      inside.set_value();
      never_done().wait();
    });
    inside.get_future().wait();
    CHECK(t.cancel("first"));
    unwinding.get_future().wait();
    CHECK(t.cancel("second"));  // meets the destructor: waits until it is over, and then nobody is left to hear it
    this_task::yield();
    go_on.set_value();
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "first");
    CHECK(cleaned == 1);
  });
}

TEST_CASE("X5 unwinding by an ordinary error protects, too; the request comes at the next checkpoint after the catch") {
  everywhere([] {
    auto const t = weft::spawn([] {
      bool yielded = false;
      try {
        struct cleaner {
          bool& yielded;
          ~cleaner() {
            (void)this_task::self().cancel("patience");
            this_task::yield();
            yielded = true;
          }
        } const last{yielded};
        throw std::runtime_error("unwind");
      } catch (std::runtime_error const&) {
        CHECK(yielded);
        CHECK(message_of<weft::cancelled>([] { this_task::yield(); }) == "patience");  // a handler is no unwinding
        return 1;
      }
    });
    CHECK(t.get() == 1);
  });
}

TEST_CASE("X5 others on the same worker are cancelled as ever while one task unwinds") {
  everywhere([] {
    weft::promise<> unwinding, go_on;
    auto const slow = weft::spawn([&unwinding, f = go_on.get_future()] {
      struct cleaner {
        weft::future<> f;
        weft::promise<>& unwinding;
        ~cleaner() {
          unwinding.set_value();
          f.wait();
        }
      } const last{f, unwinding};
      throw std::runtime_error("slow to unwind");
    });
    unwinding.get_future().wait();
    weft::promise<> inside;
    auto const other = weft::spawn([&inside] {
      inside.set_value();
      never_done().wait();
    });
    inside.get_future().wait();
    CHECK(other.cancel());
    other.wait();
    CHECK(other.cancelled());
    go_on.set_value();
    CHECK_THROWS_AS(slow.get(), std::runtime_error);
  });
}

TEST_CASE("X5 a child joined from a destructor that unwinds is not protected: it runs as any task") {
  everywhere([] {
    auto const t = weft::spawn([] {
      bool child_cancelled = false;
      try {
        struct cleaner {
          bool& seen;
          ~cleaner() {
            auto const child = weft::spawn([] {
              (void)this_task::self().cancel();
              this_task::yield();
            });
            child.wait();
            seen = child.cancelled();
          }
        } const last{child_cancelled};
        throw std::runtime_error("unwind");
      } catch (std::runtime_error const&) {
      }
      return child_cancelled;
    });
    CHECK(t.get());
  });
}

TEST_CASE("a destructor on the normal path suspends behind a shield_scope") {
  everywhere([] {
    bool released = false;
    auto const t = weft::spawn([&released] {
      {
        struct guard {
          bool& released;
          ~guard() {
            weft::shield_scope const shield;
            this_task::yield();
            released = true;
          }
        } const g{released};
        (void)this_task::self().cancel();
      }
      this_task::checkpoint();
    });
    t.wait();
    CHECK(t.cancelled());
    CHECK(released);
  });
}

TEST_CASE("catch blocks suspend; the exception in hand is still the right one afterwards") {
  everywhere([] {
    std::vector<weft::task<bool>> all;
    for (int i = 0; i != 50; ++i) {
      all.push_back(weft::spawn([i] {
        try {
          throw std::runtime_error(std::to_string(i));
        } catch (std::runtime_error const&) {
          for (int n = 0; n != 5; ++n) this_task::yield();
          (void)weft::spawn([] {
            try {
              throw 1;
            } catch (int) {
              this_task::yield();
            }
          }).get();
          try {
            throw;
          } catch (std::runtime_error const& again) {
            return again.what() == std::to_string(i);
          }
        }
      }));
    }
    for (auto const& t : all) CHECK(t.get());
  });
}

TEST_CASE("a fork destroyed while the stack unwinds is cancelled, waited for, and throws nothing") {
  everywhere([] {
    auto const t = weft::spawn([] {
      auto const child = weft::fork([] {
        never_done().wait();
        return 1;
      });
      this_task::yield();
      (void)this_task::self().cancel("parent");
      this_task::checkpoint();
    });
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "parent");
  });
}

TEST_CASE("shield_scope outside of a task has no effect") {
  weft::shield_scope const shield;
  CHECK_NOTHROW(this_task::yield());
}
