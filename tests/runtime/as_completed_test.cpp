// as_completed: one by one, in order of completion.
#include <algorithm>
#include <atomic>
#include <functional>
#include <ranges>
#include <thread>
#include <vector>

#include <weft/gather.hpp>
#include <weft/wait.hpp>

#include "tests/support/shapes.hpp"

using namespace shapes;
namespace this_task = weft::this_task;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

weft::task<int> after(milliseconds d, int value) {
  return weft::spawn([=] {
    this_task::sleep_for(d);
    return value;
  });
}

template <class R>
std::vector<int> values_of(R&& range) {
  std::vector<int> values;
  for (auto& f : range) values.push_back(f.get());
  return values;
}

}  // namespace

static_assert(std::ranges::input_range<weft::completion_range<weft::task<int>>>);

TEST_CASE("AC01 in order of completion, each exactly once") {
  in_simulations(40, [] {
    std::vector<weft::task<int>> const tasks{after(milliseconds(30), 3), after(milliseconds(10), 1), after(milliseconds(20), 2)};
    CHECK(values_of(weft::as_completed(tasks)) == std::vector{1, 2, 3});
  });
  everywhere([] {
    std::vector<weft::task<int>> tasks;
    for (int i = 0; i != 50; ++i) tasks.push_back(weft::spawn([i] { return i; }));
    auto values = values_of(weft::as_completed(tasks));
    std::ranges::sort(values);
    REQUIRE(values.size() == 50);
    for (int i = 0; i != 50; ++i) CHECK(values[static_cast<std::size_t>(i)] == i);
  });
}

TEST_CASE("AC01 the order is kept, though the consumer does not keep up; done already: in the order given") {
  in_simulations(40, [] {
    std::vector<weft::task<int>> const tasks{after(milliseconds(30), 3), after(milliseconds(10), 1), after(milliseconds(20), 2)};
    auto range = weft::as_completed(tasks);
    this_task::sleep_for(milliseconds(100));
    CHECK(values_of(range) == std::vector{1, 2, 3});
    CHECK(values_of(weft::as_completed(tasks)) == std::vector{3, 1, 2});
  });
  everywhere([] {
    std::vector<weft::promise<int>> promises(40);
    std::vector<weft::future<int>> futures;
    for (auto const& p : promises) futures.push_back(p.get_future());
    auto range = weft::as_completed(futures);
    std::vector<int> expected;
    for (int i = 0; i != 40; ++i) {
      int const k = (i * 7) % 40;
      promises[static_cast<std::size_t>(k)].set_value(k);
      expected.push_back(k);
    }
    CHECK(values_of(range) == expected);
  });
}

TEST_CASE("AC02 what is given is what comes back; rvalue ranges give their handles away") {
  everywhere([] {
    std::vector<weft::task<int>> const tasks{weft::spawn([] { return 1; }), weft::spawn([] { return 2; })};
    for (auto const& t : weft::as_completed(tasks)) {
      CHECK(t.done());
      CHECK((t == tasks[0] || t == tasks[1]));
    }
    std::vector<weft::task<std::unique_ptr<int>>> owning;
    owning.push_back(weft::spawn([] { return std::make_unique<int>(5); }));
    for (auto& t : weft::as_completed(std::move(owning))) CHECK(*std::move(t).get() == 5);
    std::vector<weft::any_task> const erased{tasks[0]};
    for (auto const& t : weft::as_completed(erased)) CHECK(t.id() == tasks[0].id());
  });
}

TEST_CASE("AC03 the deadline is for the whole, timeout_error at the step; the rest runs on") {
  in_simulations(40, [] {
    std::vector<weft::task<int>> const tasks{after(milliseconds(10), 1), after(milliseconds(50), 2), after(hours(1), 3)};
    auto const begin = weft::clock::now();
    std::vector<int> seen;
    auto range = weft::as_completed(tasks, milliseconds(60));
    CHECK_THROWS_AS(([&] {
                      for (auto const& t : range) seen.push_back(t.get());
                    }()),
                    weft::timeout_error);
    CHECK(weft::clock::now() - begin == milliseconds(60));
    CHECK(seen == std::vector{1, 2});
    CHECK_THROWS_AS((void)range.next(), weft::timeout_error);
    CHECK(tasks[2].cancelling() == 0);
    CHECK(tasks[2].get() == 3);
    CHECK(values_of(range) == std::vector{3});  // done by now, so it is given all the same
  });
}

TEST_CASE("AC04 left early, it can be iterated on; AC06 leaving cancels nothing") {
  in_simulations(40, [] {
    std::vector<weft::task<int>> tasks;
    for (int i = 0; i != 6; ++i) tasks.push_back(after(milliseconds(10 * (6 - i)), i));
    auto range = weft::as_completed(tasks);
    for (auto const& t : range) {
      if (t.get() == 4) break;
    }
    CHECK((*range.next()).get() == 3);
    for (auto const& t : range) {
      CHECK(t.get() == 2);
      break;
    }
    {
      auto const gone = std::move(range);
    }
    for (auto const& t : tasks) CHECK(t.cancelling() == 0);
    CHECK(weft::gather(tasks) == std::vector{0, 1, 2, 3, 4, 5});
  });
}

TEST_CASE("AC05 the futures may be awaited by others meanwhile, from several cores; duplicates collapse") {
  everywhere([] {
    weft::promise<int> p;
    std::vector<weft::future<int>> const all{p.get_future(), weft::spawn([] { return 1; }), p.get_future()};
    std::vector<weft::task<int>> awaiters;
    for (int i = 0; i != 4; ++i) {
      awaiters.push_back(weft::spawn([all] {
        int sum = 0;
        for (auto const& f : weft::as_completed(all)) sum += f.get();
        return sum;
      }));
    }
    this_task::yield();
    p.set_value(10);
    for (auto const& v : weft::gather(awaiters)) CHECK(v == 11);
  });
}

TEST_CASE("as_completed of nothing; of the running task: deadlock_error; empty handles") {
  everywhere([] {
    CHECK(values_of(weft::as_completed(std::vector<weft::task<int>>())).empty());
    weft::spawn([] { CHECK_THROWS_AS((void)weft::as_completed(std::vector{this_task::self()}), weft::deadlock_error); }).get();
    CHECK_THROWS_AS((void)weft::as_completed(std::vector<weft::future<int>>(2)), weft::invalid_state_error);
  });
}

TEST_CASE("being cancelled in a step leaves the futures alone; the range can be gone on with") {
  everywhere([] {
    weft::promise<int> p;
    weft::promise<> begun, interrupted;
    auto const t = weft::spawn([&begun, &interrupted, all = std::vector{p.get_future()}] {
      auto range = weft::as_completed(all);
      begun.set_value();
      CHECK_THROWS_AS((void)range.next(), weft::cancelled);
      interrupted.set_value();
      return values_of(range);
    });
    begun.get_future().wait();
    CHECK(t.cancel());
    interrupted.get_future().wait();
    CHECK_FALSE(p.cancelled());
    p.set_value(4);
    CHECK(t.get() == std::vector{4});
  });
}

TEST_CASE("on plain threads, moved between threads") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::vector<weft::task<int>> tasks;
    for (int i = 0; i != 10; ++i) tasks.push_back(rt.spawn([i] { return i; }));
    auto range = weft::as_completed(tasks);
    int sum = (*range.next()).get();
    std::thread other([&sum, range = std::move(range)]() mutable {
      for (auto const& t : range) sum += t.get();
    });
    other.join();
    CHECK(sum == 45);
  });
}

TEST_CASE("as_completed as a view: transformed, taken from") {
  everywhere([] {
    std::vector<weft::task<int>> tasks;
    for (int i = 0; i != 5; ++i) tasks.push_back(weft::spawn([i] { return i; }));
    int sum = 0, n = 0;
    for (int v : weft::as_completed(tasks) | std::views::transform([](auto& t) { return t.get(); }) | std::views::take(5)) {
      sum += v;
      ++n;
    }
    CHECK(sum == 10);
    CHECK(n == 5);
  });
}
