// Task groups: with_group and the RAII form. Ids: semantics.md, section G.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <weft/task_group.hpp>
#include <weft/timeout.hpp>

#include "tests/support/shapes.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;
using weft::exception_group;
using weft::task_group;
using weft::with_group;

namespace {

void hang() {
  weft::promise<> p;
  p.get_future().wait();
}

// Runs f, which has to throw a group; gives the texts of its errors.
template <class F>
std::vector<std::string> errors_of(F&& f) {
  std::vector<std::string> texts;
  try {
    f();
    FAIL("no exception_group");
  } catch (exception_group const& g) {
    auto const flat = g.flatten();
    for (auto const& e : flat.failures()) {
      try {
        std::rethrow_exception(e.error);
      } catch (std::exception const& x) {
        texts.emplace_back(x.what());
      }
    }
  }
  return texts;
}

template <class F>
bool is_cancelled_by(F&& f) {
  try {
    f();
  } catch (weft::cancelled const&) {
    return true;
  }
  return false;
}

[[noreturn]] void fail(char const* text) { throw std::runtime_error(text); }
using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("G01 G02 leaving waits for all children, those spawned late by children too; values come from the handles") {
  everywhere([] {
    std::atomic<int> ended{0};
    std::optional<weft::task<int>> kept;
    int const value = with_group([&](task_group& g) {
      for (int i = 0; i != 5; ++i) {
        g.spawn([&, i] {
          for (int j = 0; j != i; ++j) this_task::yield();
          g.spawn([&] {
            this_task::yield();
            g.spawn([&] { ++ended; });
            ++ended;
          });
          ++ended;
        });
      }
      kept = g.spawn([] { return 7; });
      return 3;
    });
    CHECK(value == 3);
    CHECK(ended == 15);
    CHECK(kept->done());
    CHECK(kept->get() == 7);
  });
}

TEST_CASE("G03 G11 a child fails: siblings are cancelled, the body is interrupted, one group comes out, and no request stays") {
  everywhere([] {
    std::atomic<int> cancelled_children{0};
    bool body_interrupted = false;
    auto const errors = errors_of([&] {
      with_group([&](task_group& g) {
        for (int i = 0; i != 3; ++i) {
          g.spawn([&] {
            try {
              hang();
            } catch (weft::cancelled const& e) {
              CHECK(e.cause() == weft::cancel_cause::group);
              ++cancelled_children;
              throw;
            }
          });
        }
        g.spawn([] { fail("a child"); });
        try {
          hang();
        } catch (weft::cancelled const&) {
          body_interrupted = true;
          CHECK(this_task::cancelling() == 1);
          throw;
        }
      });
    });
    CHECK(errors == texts{"a child"});
    CHECK(body_interrupted);
    CHECK(cancelled_children <= 3);  // who had not begun never runs
    CHECK(this_task::cancelling() == 0);
    CHECK_NOTHROW(this_task::yield());
  });
}

TEST_CASE("G04 G23 always a group, also of one; each failure names its task") {
  everywhere([] {
    std::uint64_t id = 0;
    try {
      task_group g;
      auto t = g.spawn({.name = "the culprit"}, [] { fail("x"); });
      id = t.id();
      g.join();
      FAIL("no error");
    } catch (exception_group const& e) {
      REQUIRE(e.failures().size() == 1);
      REQUIRE(e.exceptions().size() == 1);
      CHECK(e.failures()[0].task_name == "the culprit");
      CHECK(e.failures()[0].task_id == id);
      CHECK(std::string(e.failures()[0].spawned_at.file_name()).find("group_test") != std::string::npos);
    }
  });
}

TEST_CASE("G05 G07 the body fails: children are cancelled and waited for; both errors are in the group, the body's last") {
  everywhere([] {
    std::atomic<bool> child_ended{false};
    auto errors = errors_of([&] {
      with_group([&](task_group& g) {
        auto begun = weft::promise<>();
        auto f = begun.get_future();
        g.spawn([&, p = std::move(begun)]() mutable {
          p.set_value();
          try {
            hang();
          } catch (weft::cancelled const&) {
            this_task::yield();
            child_ended = true;
            throw;
          }
        });
        f.wait();
        fail("the body");
      });
    });
    CHECK(errors == texts{"the body"});
    CHECK(child_ended);
    errors = errors_of([&] {
      with_group([&](task_group& g) {
        g.spawn([] { fail("a child"); });
        try {
          hang();
        } catch (weft::cancelled const&) {
          fail("the body's clean-up");
        }
      });
    });
    CHECK(errors == texts{"a child", "the body's clean-up"});
    CHECK(this_task::cancelling() == 0);
  });
}

TEST_CASE("G06 a child that is cancelled, or throws cancelled itself, is no failure") {
  everywhere([] {
    int body = 0;
    with_group([&](task_group& g) {
      auto a = g.spawn([] { hang(); });
      auto b = g.spawn([] { throw weft::cancelled("by itself"); });
      auto c = g.spawn([] {
        this_task::yield();
        return 5;
      });
      a.cancel();
      b.wait();
      body = c.get();
    });
    CHECK(body == 5);
  });
}

TEST_CASE("G08 the body swallows the interruption: the group throws all the same") {
  everywhere([] {
    bool went_on = false;
    auto const errors = errors_of([&] {
      with_group([&](task_group& g) {
        g.spawn([] { fail("a child"); });
        CHECK(is_cancelled_by([] { hang(); }));
        this_task::yield();
        went_on = true;
      });
    });
    CHECK(errors == texts{"a child"});
    CHECK(went_on);
    CHECK(this_task::cancelling() == 0);
  });
}

TEST_CASE("G09 G22 an outside cancellation: all children are cancelled and waited for, then it goes on, with its message") {
  everywhere([] {
    std::atomic<int> ended{0};
    weft::promise<> ready;
    auto is_ready = ready.get_future();
    auto owner = weft::spawn([&ended, ready = std::move(ready)]() mutable {
      with_group([&](task_group& g) {
        std::vector<weft::promise<>> begun(3);
        for (auto& b : begun) {
          g.spawn([&ended, &b] {
            b.set_value();
            try {
              hang();
            } catch (weft::cancelled const&) {
              this_task::yield();
              this_task::yield();
              ++ended;
              throw;
            }
          });
        }
        for (auto& b : begun) b.get_future().wait();
        ready.set_value();
        hang();
      });
    });
    is_ready.wait();
    owner.cancel("enough");
    owner.cancel("again");
    owner.wait();
    CHECK(owner.cancelled());
    CHECK(ended == 3);
    CHECK_THROWS_WITH_AS(owner.get(), "enough", weft::task_cancelled_error);
  });
}

TEST_CASE("G09 the same while the owner waits at the end, and for the RAII form in join()") {
  everywhere([] {
    for (bool const raii : {false, true}) {
      weft::promise<> ready;
      auto is_ready = ready.get_future();
      auto owner = weft::spawn([raii, &ready] {
        auto const child = [&ready] {
          ready.set_value();
          hang();
        };
        if (raii) {
          task_group g;
          g.spawn(child);
          g.join();
        } else {
          with_group([&](task_group& g) { g.spawn(child); });
        }
      });
      is_ready.wait();
      owner.cancel();
      owner.wait();
      CHECK(owner.cancelled());
    }
  });
}

TEST_CASE("G10 an outside cancellation and errors in the children's clean-up: the errors go out, the request comes next") {
  everywhere([] {
    weft::promise<> ready;
    auto is_ready = ready.get_future();
    auto owner = weft::spawn([&ready] {
      auto const errors = errors_of([&] {
        with_group([&](task_group& g) {
          g.spawn([&ready] {
            ready.set_value();
            try {
              hang();
            } catch (weft::cancelled const&) {
              fail("clean-up");
            }
          });
          hang();
        });
      });
      CHECK(errors == texts{"clean-up"});
      CHECK(this_task::cancelling() == 1);
      CHECK(is_cancelled_by([] { this_task::yield(); }));
      CHECK_NOTHROW(this_task::yield());
      CHECK(this_task::cancelling() == 1);
      return 1;
    });
    is_ready.wait();
    owner.cancel();
    CHECK(owner.get() == 1);
  });
}

TEST_CASE("G11 a child fails just as its parent leaves: what follows is never cancelled") {
  on_all([] {
    for (int i = 0; i != 300; ++i) {
      try {
        with_group([&](task_group& g) {
          g.spawn([i] {
            for (int j = 0; j != i % 3; ++j) this_task::yield();
            fail("late");
          });
          for (int j = 0; j != i % 5; ++j) this_task::yield();
        });
      } catch (exception_group const&) {
      }
      REQUIRE(this_task::cancelling() == 0);
      REQUIRE_NOTHROW(this_task::yield());
      REQUIRE_NOTHROW(this_task::sleep_for(0ns));
    }
  });
}

TEST_CASE("G12 nested: the inner group is one element of the outer's; flatten() and split() find the leaves") {
  everywhere([] {
    try {
      with_group([](task_group& outer) {
        outer.spawn([] { with_group([](task_group& inner) { inner.spawn([] { fail("inner"); }); }); });
      });
      FAIL("no error");
    } catch (exception_group const& e) {
      REQUIRE(e.exceptions().size() == 1);
      CHECK_THROWS_AS(std::rethrow_exception(e.exceptions()[0]), exception_group);
      CHECK(e.flatten().failures().size() == 1);
      auto const [mine, rest] = e.split<std::runtime_error>();
      CHECK(mine.has_value());
      CHECK_FALSE(rest.has_value());
    }
  });
}

TEST_CASE("G13 a failure in the outer group cancels a body that sits in the inner one: only the outer throws") {
  everywhere([] {
    bool inner_cancelled = false;
    auto const errors = errors_of([&] {
      with_group([&](task_group& outer) {
        outer.spawn([] { fail("outer"); });
        try {
          with_group([](task_group& inner) {
            inner.spawn([] { hang(); });
            hang();
          });
        } catch (weft::cancelled const&) {
          inner_cancelled = true;
          throw;
        }
      });
    });
    CHECK(errors == texts{"outer"});
    CHECK(inner_cancelled);
    CHECK(this_task::cancelling() == 0);
  });
}

TEST_CASE("G14 inner and outer fail together: the inner throws its own, the outer's request counts until the outer ends") {
  in_simulations(30, [] {
    auto const errors = errors_of([&] {
      with_group([&](task_group& outer) {
        weft::promise<> go;
        auto const gone = go.get_future();
        outer.spawn([gone] {
          gone.wait();
          fail("outer");
        });
        auto const inner_errors = errors_of([&] {
          with_group([&](task_group& inner) {
            inner.spawn([gone] {
              gone.wait();
              fail("inner");
            });
            go.set_value();
            CHECK(is_cancelled_by([] { this_task::sleep_for(1s); }));
            weft::shield_scope const both_have_failed;
            this_task::sleep_for(1s);
          });
        });
        CHECK(inner_errors == texts{"inner"});
        CHECK(this_task::cancelling() == 1);
      });
    });
    CHECK(errors == texts{"outer"});
    CHECK(this_task::cancelling() == 0);
  });
}

TEST_CASE("G15 G16 spawning into a group that has ended, or is ending: group_closed_error, and the callable is destroyed") {
  everywhere([] {
    auto const token = std::make_shared<int>(0);
    task_group ended;
    ended.spawn([] {});
    ended.join();
    CHECK_NOTHROW(ended.join());
    CHECK_THROWS_AS(ended.spawn([token] {}), weft::group_closed_error);
    task_group ending;
    ending.cancel();
    CHECK_THROWS_AS(ending.spawn([token] {}), weft::group_closed_error);
    CHECK_NOTHROW(ending.join());
    CHECK(token.use_count() == 1);
  });
}

TEST_CASE("G17 from a plain thread: a group that names its runtime; without one no_runtime_error") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    CHECK_THROWS_AS(task_group(), weft::no_runtime_error);
    std::atomic<int> n{0};
    int const value = with_group(rt, [&](task_group& g) {
      for (int i = 0; i != 100; ++i) g.spawn([&] { ++n; });
      return 4;
    });
    CHECK(value == 4);
    CHECK(n == 100);
    CHECK(errors_of([&] { with_group(rt, [&](task_group& g) { g.spawn([] { fail("there"); }); }); }) == texts{"there"});
    task_group g(rt);
    std::vector<std::thread> threads;
    for (int i = 0; i != 3; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j != 100; ++j) g.spawn([&] { ++n; });
      });
    }
    for (auto& t : threads) t.join();
    g.join();
    CHECK(n == 400);
  });
}

TEST_CASE("G18 children leave no trace: a group that spawns 100,000 in its life holds none of them") {
  on_all([] {
    std::atomic<std::size_t> ended{0};
    task_group g;
    for (std::size_t i = 0; i != 100'000; ++i) {
      g.spawn([&] { ++ended; });
      if (i % 100 == 99) {
        while (ended != i + 1 || g.size() != 0) this_task::yield();
      }
    }
    CHECK(g.size() == 0);
    g.join();
    until([] { return weft::runtime::current()->metrics().live == 1; });  // counted last of all
  });
}

TEST_CASE("G19 runaway spawners end with the group: spawning is refused once it aborts") {
  everywhere([] {
    std::atomic<int> n{0};
    auto const errors = errors_of([&] {
      with_group([&](task_group& g) {
        struct hydra {
          task_group& g;
          std::atomic<int>& n;
          void operator()() const {
            if (++n == 100) fail("stop it");
            g.spawn(hydra{g, n});
            g.spawn(hydra{g, n});
            this_task::yield();
          }
        };
        g.spawn(hydra{g, n});
      });
    });
    CHECK(std::count(errors.begin(), errors.end(), "stop it") == 1);  // others have failed by group_closed_error
  });
}

TEST_CASE("G24 cancel() ends children and body; the group ends without an error; a body with a value: task_cancelled_error") {
  everywhere([] {
    std::atomic<bool> child_went_on{false};
    with_group([&](task_group& g) {
      g.spawn([&] {
        hang();
        child_went_on = true;
      });
      g.cancel("done here");
      hang();
      FAIL("the body went on");
    });
    CHECK_FALSE(child_went_on);
    CHECK(this_task::cancelling() == 0);
    CHECK_THROWS_AS((void)with_group([](task_group& g) {
      g.cancel();
      hang();
      return 1;
    }),
                    weft::task_cancelled_error);
    CHECK(with_group([](task_group& g) {
            g.cancel();
            return 2;
          }) == 2);
    with_group([](task_group& g) {  // a child may end its group as well
      g.spawn([&g] { g.cancel(); });
      hang();
    });
    CHECK_NOTHROW(this_task::yield());
  });
}

TEST_CASE("G25 the RAII form: a failure does not interrupt the owner; destroyed unjoined it cancels, waits and reports") {
  for_each_worker_count([](unsigned workers) {
    reports seen;
    weft::run(seen.options(workers), [] {
      task_group g;
      auto failing = g.spawn([] { fail("kept for join"); });
      failing.wait();
      CHECK_NOTHROW(this_task::yield());
      CHECK(errors_of([&] { g.join(); }) == texts{"kept for join"});
      std::atomic<bool> ended{false};
      try {
        task_group unjoined;
        auto begun = weft::promise<>();
        auto f = begun.get_future();
        unjoined.spawn([&, p = std::move(begun)]() mutable {
          p.set_value();
          try {
            hang();
          } catch (weft::cancelled const&) {
            ended = true;
            fail("seen by nobody");
          }
        });
        f.wait();
        throw 1;
      } catch (int) {
      }
      CHECK(ended);
    });
    CHECK(seen.count() == 1);
  });
}

TEST_CASE("TO21 TO23 a time-out around a group cancels its children; they know its deadline") {
  everywhere([] {
    std::optional<weft::clock::time_point> in_child, in_body;
    CHECK_THROWS_AS(weft::with_timeout(2ms,
                                       [&] {
                                         with_group([&](task_group& g) {
                                           in_body = this_task::deadline();
                                           g.spawn([&] { in_child = this_task::deadline(); }).wait();
                                           g.spawn([] { hang(); });
                                         });
                                       }),
                    weft::timeout_error);
    CHECK(in_body.has_value());
    CHECK(in_child == in_body);
    CHECK_FALSE(this_task::deadline().has_value());
  });
}

TEST_CASE("groups in groups in many tasks: all children are counted, whatever fails") {
  for_each_worker_count([](unsigned workers) {
    std::atomic<int> begun{0}, ended{0}, groups{0};
    run_on(workers, [&] {
      struct tree {
        std::atomic<int>&begun, &ended, &groups;
        void operator()(int depth) const {
          struct count {
            std::atomic<int>& n;
            ~count() { ++n; }
          } const at_end{ended};
          ++begun;
          if (depth == 0) return;
          with_group([&](task_group& g) {
            for (int i = 0; i != 4; ++i) {
              g.spawn([*this, depth, i] {
                (*this)(depth - 1);
                if (depth == 2 && i == 3) fail("a branch");
              });
            }
          });
          ++groups;
        }
      };
      CHECK(errors_of([&] { tree{begun, ended, groups}(5); }).size() >= 1);
    });
    CHECK(begun == ended);
  });
}
