// Storm: trees of groups, time-outs, cancellations and failures. Every task ends once, what it holds is destroyed once, and
// every scope takes back its own requests and nobody else's. Everyday: about two seconds. WEFT_LONG=1: a million rounds each.
#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include <weft/weft.hpp>

#include "tests/support/groups.hpp"
#include "tests/support/storm.hpp"

namespace this_task = weft::this_task;
using std::chrono::microseconds;
using shapes::wait_for_ever;
using weft::with_group;
using weft::with_timeout;

namespace {

struct counts {
  std::atomic<std::uint64_t> made{0}, gone{0}, begun{0}, ended{0}, wrong{0};
  std::atomic<std::uint64_t> values{0}, errors{0}, groups{0}, timeouts{0}, cancelled{0};
};

// In every callable, and on every stack.
class held {
 public:
  explicit held(counts& c) : counts_(&c) { ++c.made; }
  held(held const& o) : counts_(o.counts_) { ++counts_->made; }
  held& operator=(held const&) = delete;
  ~held() { ++counts_->gone; }

 private:
  counts* counts_;
};

struct failure : std::runtime_error {
  failure() : std::runtime_error("a failure") {}
};

// What is inside of the caller takes back what it has asked for: the caller's count never sinks below what it was.
template <class F>
void balanced(counts& c, F&& f) {
  struct at_end {
    counts& c;
    int const before = this_task::cancelling();
    ~at_end() { c.wrong += this_task::cancelling() < before ? 1 : 0; }
  } const check{c};
  f();
}

void live(storm::dice& roll, counts& c, int depth);

auto child_of(storm::dice& roll, counts& c, int depth) {
  return [h = held(c), r = storm::dice(roll()), &c, depth]() mutable {  // NOLINT(misc-no-recursion)
    ++c.begun;
    struct at_end {
      counts& c;
      ~at_end() { ++c.ended; }
    } const note{c};
    held const on_stack(c);
    live(r, c, depth);
  };
}

void live_in_group(storm::dice& roll, counts& c, int depth) {  // NOLINT(misc-no-recursion)
  with_group([&](weft::task_group& g) {
    held const on_stack(c);
    std::vector<weft::task<>> some;
    for (auto n = roll.below(4); n != 0; --n) {
      auto t = g.spawn(child_of(roll, c, depth - 1));
      if (roll.below(2) == 0) some.push_back(std::move(t));
    }
    switch (roll.below(6)) {
      case 0: g.cancel("storm"); break;
      case 1:
        for (auto const& t : some) (void)t.cancel();
        break;
      case 2:
        (void)g.spawn([&g, h = held(c)] {
          this_task::yield();
          g.cancel();
        });
        wait_for_ever();
        break;
      case 3:
        (void)g.spawn([h = held(c)] { throw failure(); });
        wait_for_ever();
        break;
      case 4:
        for (auto const& t : some) t.get();
        break;
      default: live(roll, c, depth - 1);
    }
  });
}

// May throw anything; swallows a cancellation now and then.
void live(storm::dice& roll, counts& c, int depth) {  // NOLINT(misc-no-recursion)
  for (auto n = 1 + roll.below(2); n != 0; --n) {
    try {
      switch (depth == 0 ? roll.below(5) : roll.below(11)) {
        case 0: break;
        case 1: this_task::yield(); break;
        case 2: this_task::sleep_for(microseconds(roll.below(60))); break;
        case 3: this_task::checkpoint(); break;
        case 4:
          if (roll.below(3) == 0) throw failure();
          break;
        case 5:
          balanced(c, [&] { with_timeout(microseconds(roll.below(60)), [&] { live(roll, c, depth - 1); }); });
          break;
        case 6: balanced(c, [&] { with_timeout(microseconds(roll.below(60)), [] { wait_for_ever(); }); }); break;
        case 7:
          balanced(c, [&] {
            with_timeout(microseconds(roll.below(60)), weft::spawn(child_of(roll, c, depth - 1)));
          });
          break;
        case 8:
          balanced(c, [&] {
            weft::task_group g;
            for (auto k = roll.below(3); k != 0; --k) (void)g.spawn(child_of(roll, c, depth - 1));
            if (roll.below(3) == 0) live(roll, c, depth - 1);
            if (roll.below(3) != 0) g.join();
          });
          break;
        default: balanced(c, [&] { live_in_group(roll, c, depth); });
      }
    } catch (weft::cancelled const&) {
      if (roll.below(4) != 0) throw;
    }
  }
}

// A tree, and how it ended.
void grow(storm::dice& roll, counts& c, int depth) {
  held const on_stack(c);
  try {
    live(roll, c, depth);
    ++c.values;
  } catch (weft::exception_group const&) {
    ++c.groups;
  } catch (weft::timeout_error const&) {
    ++c.timeouts;
  } catch (weft::cancelled const&) {
    ++c.cancelled;
  } catch (std::exception const&) {
    ++c.errors;
  }
}

// Nobody but the tree has asked anything of this task.
void check_own(counts& c, int before) {
  c.wrong += this_task::cancelling() == before ? 0 : 1;
  try {
    this_task::yield();
    this_task::checkpoint();
  } catch (weft::cancelled const&) {
    ++c.wrong;
  }
}

weft::runtime_options quiet(unsigned workers) {
  weft::runtime_options o;
  o.workers = workers;
  o.on_unhandled = [](weft::unhandled_error const&) {};  // groups that are left with failures
  return o;
}

void check_conserved(counts const& c) {
  CHECK(c.wrong == 0);
  CHECK(c.made == c.gone);
  CHECK(c.begun == c.ended);
}

// Trees in tasks that are also cancelled from outside: what is left of their requests is exactly that.
void grow_cancelled(std::uint64_t seed, counts& c, int n) {
  storm::dice roll(seed);
  struct tree {
    weft::task<> t;
    int asked = 0;
  };
  std::vector<tree> all(static_cast<std::size_t>(n));
  for (auto& one : all) {
    one.t = weft::spawn([h = held(c), r = storm::dice(roll()), &c]() mutable { grow(r, c, 3); });
  }
  for (int round = 0; round != 3; ++round) {
    for (auto& one : all) {
      if (roll.below(2) == 0) one.asked += one.t.cancel() ? 1 : 0;
      if (roll.below(8) == 0) this_task::yield();
    }
    this_task::sleep_for(microseconds(roll.below(100)));
  }
  for (auto& one : all) {
    one.t.wait();
    c.wrong += one.t.cancelling() == one.asked ? 0 : 1;
  }
}

}  // namespace

TEST_CASE("storm G01 G09 G11 TO11 trees of groups, time-outs and failures; half of them are cancelled from outside") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(1'000, 1'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    counts c;
    weft::runtime rt(quiet(workers));
    rt.run([&] {
      for (std::uint64_t i = 0; i < n; i += 20) {
        grow_cancelled(seed + i, c, 10);
        for (std::uint64_t k = 0; k != 10; ++k) {
          storm::dice roll(seed ^ (i + k));
          grow(roll, c, 3);
          check_own(c, 0);
        }
      }
    });
    auto const m = rt.metrics();
    check_conserved(c);
    CHECK(m.spawned == m.finished + m.failed + m.cancelled);
    CHECK(m.live == 0);
    if (storm::sanitized) return;  // too few for all kinds
    CHECK(c.values > 0);
    CHECK(c.groups > 0);
    CHECK(c.timeouts > 0);
    CHECK(c.cancelled > 0);
  });
}

TEST_CASE("storm G11 a child fails while its parent leaves") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(4'000, 1'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    counts c;
    shapes::run_on(workers, [&] {
      for (std::uint64_t i = 0; i != n; ++i) {
        storm::dice roll(seed + i);
        int before = 0;
        if (roll.below(4) == 0) {  // one that was swallowed, and is still counted
          (void)this_task::self().cancel();
          try {
            this_task::yield();
          } catch (weft::cancelled const&) {
            before = 1;
          }
        }
        try {
          with_group([&](weft::task_group& g) {
            for (auto k = 1 + roll.below(2); k != 0; --k) {
              (void)g.spawn([h = held(c), r = storm::dice(roll())]() mutable {
                for (auto y = r.below(3); y != 0; --y) this_task::yield();
                throw failure();
              });
            }
            for (auto y = roll.below(4); y != 0; --y) this_task::yield();
            if (roll.below(4) == 0) wait_for_ever();
          });
          ++c.wrong;
        } catch (weft::exception_group const& e) {
          auto const [mine, refused] = e.split<failure>();
          c.wrong += mine && mine->failures().size() <= 2 ? 0 : 1;
          c.wrong += refused && refused->split<weft::group_closed_error>().second ? 1 : 0;
        }
        check_own(c, before);
        if (before != 0) (void)this_task::uncancel();
      }
    });
    check_conserved(c);
  });
}

TEST_CASE("storm TO09 TO12 G14 a deadline fires while the outer scope cancels, and somebody from outside, too: that one is not lost") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(1'500, 1'000'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    counts c;
    shapes::run_on(workers, [&] {
      for (std::uint64_t i = 0; i != n; ++i) {
        storm::dice roll(seed + i);
        auto const at = [&roll] { return microseconds(roll.below(30)); };
        bool const from_outside = roll.below(2) == 0;
        std::atomic<bool> heard{false};
        auto const t = weft::spawn([&, outer = at(), inner = at(), fails = at(), form = roll.below(3)] {
          try {
            with_timeout(outer, [&] {
              with_group([&](weft::task_group& g) {
                (void)g.spawn([h = held(c), fails] {
                  this_task::sleep_for(fails);
                  throw failure();
                });
                try {
                  if (form == 0) {
                    with_timeout(inner, [] { wait_for_ever(); });
                  } else if (form == 1) {
                    with_timeout(inner, weft::spawn([h = held(c)] { wait_for_ever(); }));
                  } else {
                    with_group([&](weft::task_group& below) {
                      (void)below.spawn([h = held(c), inner] {
                        this_task::sleep_for(inner);
                        throw failure();
                      });
                      wait_for_ever();
                    });
                  }
                } catch (weft::exception_group const&) {
                } catch (weft::timeout_error const&) {
                }
                wait_for_ever();
              });
            });
            ++c.wrong;  // no way out but by an error
          } catch (weft::timeout_error const&) {
            ++c.timeouts;
          } catch (weft::exception_group const&) {
            ++c.groups;
          } catch (weft::cancelled const&) {
            ++c.cancelled;
            heard = true;
          }
          if (!from_outside) {
            check_own(c, 0);
          } else if (!heard) {  // it comes, or has been pending since the scopes ended
            try {
              wait_for_ever();
            } catch (weft::cancelled const&) {
              heard = true;
            }
          }
        });
        if (from_outside) {
          this_task::sleep_for(at());
          c.wrong += t.cancel() ? 0 : 1;
        }
        t.wait();
        c.wrong += t.cancelled() || heard == from_outside ? 0 : 1;
        c.wrong += t.cancelling() == (from_outside ? 1 : 0) ? 0 : 1;
      }
    });
    check_conserved(c);
    if (storm::sanitized) return;
    CHECK(c.timeouts > 0);
    CHECK(c.groups > 0);
  });
}

TEST_CASE("storm X9 the trees in the simulation: any order, and time is virtual") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(100, 20'000);
  for (std::uint64_t i = 0; i != n; ++i) {
    CAPTURE(seed + i);
    counts c;
    weft::simulation(seed + i, quiet(1)).run([&] {
      grow_cancelled(seed + i, c, 5);
      storm::dice roll(seed ^ i);
      for (int k = 0; k != 5; ++k) {
        grow(roll, c, 3);
        check_own(c, 0);
      }
    });
    check_conserved(c);
  }
}
