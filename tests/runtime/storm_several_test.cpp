// Storm: random graphs of gathers, waits, races and shields over shared futures, with cancels; tasks of two runtimes and
// plain threads. Every task ends, every callable and every value is destroyed, whoever was interrupted.
// Everyday: about a second. WEFT_LONG=1: a million waits.
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <weft/gather.hpp>
#include <weft/wait.hpp>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

namespace this_task = weft::this_task;
using std::chrono::microseconds;

namespace {

// What is alive, wherever it is: in callables, results, exceptions.
std::atomic<std::int64_t> alive{0};
struct counted {
  counted() { ++alive; }
  counted(counted const&) { ++alive; }
  counted& operator=(counted const&) = default;
  ~counted() { --alive; }
};

struct trouble : std::runtime_error {
  trouble() : std::runtime_error("trouble") {}
  counted one;
};

using shared = std::vector<weft::future<counted>>;

// A child of a gather or a race: refers to its parent's stack, which has to be there until it ends.
std::function<counted()> child(storm::dice& roll, shared const& all, std::atomic<int>& inside) {
  return [&all, &inside, k = roll(), mine = counted()]() -> counted {
    struct mark {
      std::atomic<int>& n;
      explicit mark(std::atomic<int>& i) : n(i) { ++n; }
      ~mark() { --n; }
    } const here(inside);
    storm::dice own(k);
    switch (own.below(6)) {
      case 0: throw trouble();
      case 1: this_task::yield(); break;
      case 2: this_task::sleep_for(microseconds(own.below(50))); break;
      case 3: weft::shield(all[own.below(all.size())]).get(); break;
      case 4: weft::gather([] {}, [] { this_task::yield(); }); break;
      default: break;
    }
    if (own.below(8) == 0) throw trouble();
    return mine;
  };
}

void one_wait(storm::dice& roll, shared const& all, bool in_task) {
  shared some;
  for (auto n = 1 + roll.below(6); n != 0; --n) some.push_back(all[roll.below(all.size())]);
  auto const until = roll.below(2) == 0 ? weft::deadline(weft::never) : weft::deadline(microseconds(roll.below(60)));
  auto const mode = static_cast<weft::return_when>(roll.below(3));
  std::atomic<int> inside{0};
  auto shields = [&some] {
    shared s;
    for (auto const& f : some) s.push_back(weft::shield(f));
    return s;
  };
  struct all_have_left {
    std::atomic<int>& n;
    ~all_have_left() {
      if (n != 0) std::abort();
    }
  } const checked{inside};
  switch (roll.below(in_task ? 8 : 4)) {
    case 0: {
      auto const r = weft::wait(some, mode, until);
      if (until.is_never() && r.done.empty()) std::abort();
      break;
    }
    case 1: {
      auto left = roll.below(8);
      for (auto const& f : weft::as_completed(some, until)) {
        if (!f.done()) std::abort();
        if (left-- == 0) break;
      }
      break;
    }
    case 2: weft::gather(shields()); break;
    case 3: (void)weft::race(shields()); break;
    case 4: {
      std::vector<std::function<counted()>> children;
      for (auto n = roll.below(6); n != 0; --n) children.push_back(child(roll, all, inside));
      weft::gather(std::move(children));
      break;
    }
    case 5: weft::gather_settled(child(roll, all, inside), weft::shield(some[0]), child(roll, all, inside)); break;
    case 6: (void)weft::race(child(roll, all, inside), child(roll, all, inside), weft::shield(some[0])); break;
    default: {
      std::vector<std::function<counted()>> attempts;
      for (int i = 0; i != 3; ++i) attempts.push_back(child(roll, all, inside));
      (void)weft::race_staggered(attempts, microseconds(roll.below(50)));
    }
  }
}

// Waits, and takes what comes: errors and time-outs are the point. Cancelled it ends.
void waiter(std::uint64_t seed, shared const& all, bool in_task) {
  storm::dice roll(seed);
  for (auto n = 1 + roll.below(4); n != 0; --n) {
    try {
      one_wait(roll, all, in_task);
    } catch (std::exception const&) {
    }
  }
}

void round(std::uint64_t seed, weft::runtime& other) {
  storm::dice roll(seed);
  std::vector<weft::promise<counted>> promises(1 + roll.below(5));
  shared all;
  for (auto const& p : promises) all.push_back(p.get_future());
  for (auto n = roll.below(4); n != 0; --n) {
    auto const body = [fails = roll.below(4) == 0, pause = roll.below(40)] {
      this_task::sleep_for(microseconds(pause));
      if (fails) throw trouble();
      return counted();
    };
    all.push_back(roll.below(2) == 0 ? weft::spawn(body) : other.spawn(body));
  }
  std::vector<weft::task<>> waiters;
  for (int n = 0; n != 6; ++n) {
    auto body = [s = roll(), all] { waiter(s, all, true); };
    waiters.push_back(n % 3 == 0 ? other.spawn(std::move(body)) : weft::spawn(std::move(body)));
  }
  std::thread plain;
  bool const with_thread = roll.below(4) == 0;
  if (with_thread) plain = std::thread([s = roll(), all] { waiter(s, all, false); });

  for (auto const& t : waiters) {
    if (roll.below(3) == 0) this_task::yield();
    if (roll.below(3) == 0) (void)t.cancel();
  }
  for (auto& p : promises) {
    switch (roll.below(4)) {
      case 0: p.set_exception(std::make_exception_ptr(trouble())); break;
      case 1: (void)p.get_future().cancel(); break;
      default: p.set_value(); break;
    }
    if (roll.below(2) == 0) this_task::yield();
  }
  for (auto const& t : waiters) t.wait();
  for (auto const& f : all) f.wait();
  if (with_thread) {
    weft::run_blocking([&plain] { plain.join(); }).get();
  }
}

}  // namespace

TEST_CASE("storm: waits over shared futures of two runtimes and plain threads, cancelled at random") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(500, 50'000);
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime_options quiet;
    quiet.workers = workers;
    quiet.on_unhandled = [](weft::unhandled_error const&) {};
    {
      weft::runtime here(quiet), other(quiet);
      here.run([&] {
        for (std::uint64_t i = 0; i != n; ++i) round(seed + i, other);
      });
    }
    CHECK(alive.load() == 0);
  });
}

TEST_CASE("storm X9 the same in the simulation, in every order") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(300, 30'000);
  for (std::uint64_t i = 0; i != n; ++i) {
    CAPTURE(i);
    weft::runtime_options quiet;
    quiet.on_unhandled = [](weft::unhandled_error const&) {};
    weft::simulation(seed + i, quiet).run([&] {
      storm::dice roll(seed + i);
      std::vector<weft::promise<counted>> promises(1 + roll.below(5));
      shared all;
      for (auto const& p : promises) all.push_back(p.get_future());
      std::vector<weft::task<>> waiters;
      for (int k = 0; k != 6; ++k) {
        waiters.push_back(weft::spawn([s = roll(), all] { waiter(s, all, true); }));
      }
      for (auto const& t : waiters) {
        this_task::sleep_for(microseconds(roll.below(20)));
        if (roll.below(3) == 0) (void)t.cancel();
      }
      for (auto& p : promises) {
        if (roll.below(4) == 0) {
          p.set_exception(std::make_exception_ptr(trouble()));
        } else {
          p.set_value();
        }
        this_task::sleep_for(microseconds(roll.below(20)));
      }
      for (auto const& t : waiters) t.wait();
    });
    REQUIRE(alive.load() == 0);
  }
}
