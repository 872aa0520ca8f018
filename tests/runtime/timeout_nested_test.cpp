// Time-outs inside of time-outs, and inside of what is being cancelled.
#include <string>

#include "tests/support/groups.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::clock;
using weft::with_timeout;

namespace {

constexpr std::uint64_t seeds = 20;

// Time passes, and the task does not look up.
void be_busy(clock::duration d) {
  weft::shield_scope const busy;
  this_task::sleep_for(d);
}

enum class end { none, value, timed_out, cancelled, other };

template <class F>
end end_of(F&& f) {
  try {
    f();
    return end::value;
  } catch (weft::timeout_error const&) {
    return end::timed_out;
  } catch (weft::cancelled const&) {
    return end::cancelled;
  } catch (...) {
    return end::other;
  }
}

struct nested {
  end wait = end::none, inner = end::none, outer = end::none;
  bool inner_expired = false, outer_expired = false;
};

// f() below so many pages of stack.
template <class F>
int deep_down(int pages, F const& f) {  // NOLINT(misc-no-recursion)
  char volatile frame[4096];
  frame[0] = static_cast<char>(pages);
  if (pages == 0) {
    f();
    return 0;
  }
  return deep_down(pages - 1, f) + frame[0];
}

struct note {
  weft::timeout& scope;
  bool& expired;
  ~note() { expired = scope.expired(); }
};

// What is thrown goes on outward, unless `inner_is_caught`.
template <class F>
nested run_nested(weft::deadline outer, weft::deadline inner, F&& wait, bool inner_is_caught = false) {
  nested seen;
  seen.outer = end_of([&] {
    with_timeout(outer, [&](weft::timeout& o) {
      note const of_outer{o, seen.outer_expired};
      auto const within = [&] {
        with_timeout(inner, [&](weft::timeout& i) {
          note const of_inner{i, seen.inner_expired};
          try {
            wait();
            seen.wait = end::value;
          } catch (weft::cancelled const&) {
            seen.wait = end::cancelled;
            throw;
          }
        });
      };
      try {
        within();
        seen.inner = end::value;
      } catch (weft::timeout_error const&) {
        seen.inner = end::timed_out;
        if (!inner_is_caught) throw;
      } catch (weft::cancelled const&) {
        seen.inner = end::cancelled;
        throw;
      }
      if (inner_is_caught) this_task::yield();
    });
  });
  check_healthy();
  return seen;
}

}  // namespace

TEST_CASE("TO12 both at the same time: the inner sees a cancellation, the outermost alone times out; both have expired") {
  in_simulations(seeds, [] {
    auto const at = clock::now() + 1s;
    auto const seen = run_nested(at, at, [] { wait_for_ever(); });
    CHECK(seen.wait == end::cancelled);
    CHECK(seen.inner == end::cancelled);
    CHECK(seen.outer == end::timed_out);
    CHECK(seen.inner_expired);
    CHECK(seen.outer_expired);
    CHECK(clock::now() - at < 1us);
  });
  on_all([] {
    auto const at = clock::now() + 1ms;
    CHECK(run_nested(at, at, [] { wait_for_ever(); }).outer == end::timed_out);
  });
}

TEST_CASE("TO12 three at the same time, around a future") {
  in_simulations(seeds, [] {
    auto const at = clock::now() + 1s;
    auto const slow = weft::spawn([] { wait_for_ever(); });
    end outer = end::none, middle = end::none, inner = end::none;
    outer = end_of([&] {
      with_timeout(at, [&] {
        middle = end_of([&] {
          with_timeout(at, [&] {
            inner = end_of([&] { with_timeout(at, slow); });
            throw weft::cancelled();
          });
        });
        throw weft::cancelled();
      });
    });
    CHECK(inner == end::cancelled);
    CHECK(middle == end::cancelled);
    CHECK(outer == end::timed_out);
    CHECK(slow.cancelled());
    check_healthy();
  });
}

TEST_CASE("TO13 the outer fires first: its error; the inner has not expired") {
  in_simulations(seeds, [] {
    auto const begin = clock::now();
    auto const seen = run_nested(1s, 2s, [] { wait_for_ever(); });
    CHECK(seen.wait == end::cancelled);
    CHECK(seen.inner == end::cancelled);
    CHECK(seen.outer == end::timed_out);
    CHECK_FALSE(seen.inner_expired);
    CHECK(clock::now() - begin < 1s + 1us);
  });
  on_all([] {
    auto const seen = run_nested(1ms, 1h, [] { wait_for_ever(); });
    CHECK(seen.inner == end::cancelled);
    CHECK(seen.outer == end::timed_out);
    CHECK_FALSE(seen.inner_expired);
  });
}

TEST_CASE("TO13 the inner fires first: its error, which the outer lets through or the task catches") {
  in_simulations(seeds, [] {
    auto seen = run_nested(2s, 1s, [] { wait_for_ever(); });
    CHECK(seen.inner == end::timed_out);
    CHECK(seen.outer == end::timed_out);
    CHECK_FALSE(seen.outer_expired);
    seen = run_nested(2s, 1s, [] { wait_for_ever(); }, true);
    CHECK(seen.inner == end::timed_out);
    CHECK(seen.outer == end::value);
  });
}

TEST_CASE("TO14 inner due first, busy past both: the outermost alone times out; all have expired") {
  in_simulations(seeds, [] {
    auto const seen = run_nested(2s, 1s, [] {
      be_busy(3s);
      this_task::yield();
    });
    CHECK(seen.wait == end::cancelled);
    CHECK(seen.outer == end::timed_out);
    CHECK(seen.inner == end::cancelled);
    CHECK(seen.inner_expired);
    CHECK(seen.outer_expired);
  });
}

TEST_CASE("TO15 outer due first, busy past both: the same") {
  in_simulations(seeds, [] {
    auto const seen = run_nested(1s, 2s, [] {
      be_busy(3s);
      this_task::yield();
    });
    CHECK(seen.wait == end::cancelled);
    CHECK(seen.outer == end::timed_out);
    CHECK(seen.inner == end::cancelled);
    CHECK(seen.inner_expired);
    CHECK(seen.outer_expired);
  });
}

TEST_CASE("TO14 the inner has timed out and is caught; busy past the outer: that interrupts what follows") {
  in_simulations(seeds, [] {
    bool went_on = false;
    auto const outer = end_of([&] {
      with_timeout(2s, [&] {
        CHECK(end_of([] { with_timeout(1s, [] { wait_for_ever(); }); }) == end::timed_out);
        be_busy(3s);
        this_task::yield();
        went_on = true;
      });
    });
    CHECK(outer == end::timed_out);
    CHECK_FALSE(went_on);
    check_healthy();
  });
}

TEST_CASE("TO15 the outer's request is pending when an inner one begins that has passed already: the outer's it is") {
  in_simulations(seeds, [] {
    end inner = end::none;
    auto const outer = end_of([&] {
      with_timeout(1s, [&] {
        be_busy(2s);
        CHECK(this_task::cancel_requested());
        inner = end_of([] { with_timeout(0s, [] { this_task::yield(); }); });
        throw weft::cancelled();
      });
    });
    CHECK(inner == end::cancelled);
    CHECK(outer == end::timed_out);
    check_healthy();
  });
}

TEST_CASE("TO15 the outer fires while the inner cleans up: the cleaning up is interrupted, the outer times out") {
  in_simulations(seeds, [] {
    auto const begin = clock::now();
    end cleaning = end::none, inner = end::none;
    auto const outer = end_of([&] {
      with_timeout(2s, [&] {
        inner = end_of([&] {
          with_timeout(1s, [&] {
            try {
              wait_for_ever();
            } catch (weft::cancelled const&) {
              cleaning = end_of([] { this_task::sleep_for(1h); });
              throw;
            }
          });
        });
        CHECK(this_task::cancelling() == 1);  // the outer's own
        throw weft::cancelled();
      });
    });
    CHECK(clock::now() - begin < 2s + 1us);
    CHECK(cleaning == end::cancelled);
    CHECK(inner == end::cancelled);
    CHECK(outer == end::timed_out);
    check_healthy();
  });
}

TEST_CASE("TO16 in the handler of a cancelled task a time-out works as ever") {
  everywhere([] {
    weft::promise<> inside;
    end cleaning = end::none, quick = end::none;
    auto const t = weft::spawn([&] {
      inside.set_value();
      try {
        wait_for_ever();
      } catch (weft::cancelled const&) {
        quick = end_of([] { with_timeout(1h, [] { this_task::sleep_for(1us); }); });
        cleaning = end_of([] { with_timeout(1ms, [] { wait_for_ever(); }); });
        CHECK(this_task::cancelling() == 1);
        throw;
      }
    });
    inside.get_future().wait();
    CHECK(t.cancel("outside"));
    CHECK(message_of<weft::task_cancelled_error>([&] { t.get(); }) == "outside");
    CHECK(quick == end::value);
    CHECK(cleaning == end::timed_out);
  });
}

TEST_CASE("TO16 and in the handler of an outer time-out that has fired") {
  in_simulations(seeds, [] {
    end cleaning = end::none;
    auto const outer = end_of([&] {
      with_timeout(1s, [&] {
        try {
          wait_for_ever();
        } catch (weft::cancelled const&) {
          cleaning = end_of([] { with_timeout(1s, [] { wait_for_ever(); }); });
          CHECK_NOTHROW(with_timeout(1s, [] { this_task::sleep_for(1ms); }));
          throw;
        }
      });
    });
    CHECK(cleaning == end::timed_out);
    CHECK(outer == end::timed_out);
    check_healthy();
  });
}

TEST_CASE("a time-out of a joiner reaches the child that runs on its stack, wherever that waits") {
  everywhere([] {
    end below = end::none;
    auto const outer = end_of([&] {
      with_timeout(1ms, [&] {
        auto child = weft::fork([&] {
          auto grandchild = weft::fork([&] {
            below = end_of([] { wait_for_ever(); });
            throw weft::cancelled();
          });
          grandchild.get();
        });
        child.get();
      });
    });
    CHECK(below == end::cancelled);
    CHECK(outer == end::timed_out);
    check_healthy();
  });
}

TEST_CASE("a time-out of a joiner reaches a child that was given a stack of its own, since this one is too full") {
  everywhere([] {
    end below = end::none, above = end::none;
    (void)deep_down(40, [&] {
      auto child = weft::fork([&] {
        (void)deep_down(40, [&] {
          auto grandchild = weft::fork([&] {
            below = end_of([] { wait_for_ever(); });
            throw weft::cancelled();
          });
          above = end_of([&] { with_timeout(1ms, [&] { grandchild.get(); }); });
        });
        check_healthy();
      });
      child.get();
    });
    CHECK(below == end::cancelled);
    CHECK(above == end::timed_out);
  });
}

TEST_CASE("an overdue scope of the child, and one of its joiner: the child's is a cancellation, the joiner's times out") {
  in_simulations(seeds, [] {
    auto const at = clock::now() + 1s;
    end inner = end::none;
    auto const outer = end_of([&] {
      with_timeout(at, [&] {
        auto child = weft::fork([&] {
          inner = end_of([&] { with_timeout(at, [] { wait_for_ever(); }); });
          if (inner == end::timed_out) throw weft::timeout_error("the child's own");
          throw weft::cancelled();
        });
        child.get();
      });
    });
    CHECK(outer == end::timed_out);
    CHECK((inner == end::cancelled || inner == end::timed_out));  // the latter when it runs on a stack of its own
    check_healthy();
  });
}
