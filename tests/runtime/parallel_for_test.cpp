// parallel_for: what it calls its body with, who joins in, and what goes wrong.
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

namespace {

// How often each of n elements was visited.
class visits {
 public:
  explicit visits(std::size_t n) : all_(n) {}
  void operator()(std::size_t i) { all_[i].fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] bool once_each() const {
    for (auto const& v : all_) {
      if (v.load(std::memory_order_relaxed) != 1) return false;
    }
    return true;
  }
  [[nodiscard]] std::size_t sum() const {
    std::size_t s = 0;
    for (auto const& v : all_) s += v.load(std::memory_order_relaxed);
    return s;
  }

 private:
  std::vector<std::atomic<unsigned>> all_;
};

}  // namespace

TEST_CASE("parallel_for calls the body once for each integer, whatever the size and the grain") {
  shapes::everywhere([] {
    for (std::size_t const n : {0, 1, 2, 3, 7, 64, 1000, 20'000}) {
      for (std::ptrdiff_t const grain : {0, 1, 3, 1000, 1 << 20}) {
        if (n == 20'000 && grain == 1) continue;
        visits seen(n);
        weft::parallel_for(std::size_t{0}, n, [&](std::size_t i) { seen(i); }, grain);
        CHECK_MESSAGE(seen.once_each(), n << " with grain " << grain);
      }
    }
  });
}

TEST_CASE("parallel_for: integers of any type, also of two; negative ones, empty and upside down ranges") {
  shapes::on_all([] {
    auto const sum = [](auto first, auto last) {
      std::atomic<long long> s{0};
      std::atomic<int> n{0};
      weft::parallel_for(first, last, [&](auto i) {
        static_assert(std::is_same_v<decltype(i), std::common_type_t<decltype(first), decltype(last)>>);
        s += static_cast<long long>(i);
        ++n;
      });
      return std::pair(s.load(), n.load());
    };
    CHECK(sum(-5, 6) == std::pair(0LL, 11));
    CHECK(sum(0, std::size_t{101}) == std::pair(5050LL, 101));
    CHECK(sum(std::int8_t{-128}, std::int8_t{127}) == std::pair(-255LL, 255));
    CHECK(sum(std::uint8_t{250}, std::uint8_t{255}) == std::pair(1260LL, 5));
    CHECK(sum(std::numeric_limits<std::int64_t>::max() - 2, std::numeric_limits<std::int64_t>::max()).second == 2);
    CHECK(sum(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::min() + 3).second == 3);
    CHECK(sum(std::numeric_limits<std::uint64_t>::max() - 4, std::numeric_limits<std::uint64_t>::max()).second == 4);
    CHECK(sum(3, 3).second == 0);
    CHECK(sum(4, 3).second == 0);
    CHECK(sum(-1, 0u).second == 1);
    CHECK(sum(-3, std::size_t{0}).second == 3);
    CHECK(sum(std::size_t{5}, -1).second == 0);
  });
}

TEST_CASE("parallel_for over iterators calls the body with what they refer to") {
  shapes::everywhere([] {
    std::vector<int> v(1000);
    std::iota(v.begin(), v.end(), 0);
    weft::parallel_for(v.begin(), v.end(), [](int& x) { x *= 2; });
    CHECK(std::accumulate(v.begin(), v.end(), 0) == 999'000);
    std::deque<int> const d(v.begin(), v.end());
    std::atomic<int> sum{0};
    weft::parallel_for(d.begin(), d.end(), [&](int const& x) { sum += x; });
    CHECK(sum == 999'000);
    std::array<int, 3> raw{1, 2, 3};
    weft::parallel_for(raw.data(), raw.data() + raw.size(), [](int& x) { ++x; });
    CHECK(raw == std::array{2, 3, 4});
    weft::parallel_for(v.end(), v.begin(), [](int) { FAIL("nothing to do"); });
    std::vector<bool> bits(100);  // a proxy, not a reference
    weft::parallel_for(bits.begin(), bits.end(), [](auto b) { b = true; }, 100);
    CHECK(std::accumulate(bits.begin(), bits.end(), 0) == 100);
  });
}

TEST_CASE("parallel_for's body may be const, mutable, move-only, a member function; it is never copied") {
  struct counter {
    std::atomic<int>& n;
    explicit counter(std::atomic<int>& c) : n(c) {}
    counter(counter const&) = delete;
    void operator()(int) { ++n; }
  };
  struct thing {
    std::atomic<int> called{0};
    void call() { ++called; }
  };
  shapes::on_all([] {
    std::atomic<int> n{0};
    weft::parallel_for(0, 10, counter(n));
    counter kept(n);
    weft::parallel_for(0, 10, kept);
    auto const fixed = [&](int) { ++n; };
    weft::parallel_for(0, 10, fixed);
    CHECK(n == 30);
    std::array<thing, 5> things;
    weft::parallel_for(things.begin(), things.end(), &thing::call);
    for (auto const& t : things) CHECK(t.called == 1);
  });
}

TEST_CASE("parallel_for nests, and works beside spawned tasks and groups") {
  shapes::everywhere([] {
    visits seen(30 * 30);
    weft::parallel_for(0, 30, [&](int i) {
      weft::parallel_for(0, 30, [&](int k) { seen(static_cast<std::size_t>(i * 30 + k)); }, 1);
    });
    CHECK(seen.once_each());

    std::atomic<int> n{0};
    auto before = weft::spawn([&] { ++n; });
    weft::parallel_for(0, 40, [&](int i) {
      auto t = weft::spawn([&n] { ++n; });
      weft::with_group([&](weft::task_group& g) { g.spawn([&n] { ++n; }); });
      if (i % 2 == 0) std::move(t).detach();
    }, 1);
    before.get();
    shapes::until([&] { return n == 81; });
  });
}

TEST_CASE("parallel_for's bodies may suspend; with one worker, too, another part goes on meanwhile") {
  shapes::everywhere([] {
    weft::event both;
    std::atomic<int> inside{0};
    weft::parallel_for(0, 2, [&](int) {
      if (++inside == 2) both.set();
      both.wait();  // for the other one
    });
    CHECK(inside == 2);

    visits seen(50);
    weft::parallel_for(0, 50, [&](int i) {
      weft::this_task::yield();
      if (i % 7 == 0) weft::this_task::sleep_for(std::chrono::microseconds(10));
      seen(static_cast<std::size_t>(i));
    });
    CHECK(seen.once_each());
  });
}

TEST_CASE("parallel_for: the first error is thrown when all that run have ended; no new bodies start") {
  shapes::everywhere([] {
    std::atomic<int> begun{0}, ended{0};
    auto const failing = [&] {
      weft::parallel_for(0, 100'000, [&](int i) {
        ++begun;
        weft::this_task::yield();
        ++ended;
        if (i == 3) throw std::runtime_error("at 3");
      }, 1);
    };
    CHECK(shapes::message_of<std::runtime_error>(failing) == "at 3");
    CHECK(begun == ended);
    CHECK(begun < 100'000);
    CHECK(shapes::message_of<std::runtime_error>([] { weft::parallel_for(0, 1, [](int) { throw std::runtime_error("only"); }); }) == "only");
    CHECK_THROWS_AS(weft::parallel_for(0, 1000, [](int i) { throw i; }), int);
  });
}

TEST_CASE("parallel_for: an error in a part that another worker has taken comes out as well") {
  shapes::for_each_worker_count([](unsigned workers) {
    if (workers == 1) return;
    shapes::run_on(workers, [] {
      weft::event taken;
      auto const caller = weft::this_task::id();
      auto const failing = [&] {
        weft::parallel_for(0, 2, [&](int) {
          if (weft::this_task::id() == caller) {
            taken.wait();
          } else {
            taken.set();
            throw std::runtime_error("from a taker");
          }
        });
      };
      CHECK(shapes::message_of<std::runtime_error>(failing) == "from a taker");
    });
  });
}

TEST_CASE("parallel_for: who takes a part is a task: seen, named, counted, with a parent, a site and its own id") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::run_on(workers, [] {
      auto const caller = weft::this_task::id();
      weft::event looked, there;
      std::atomic<int> takers{0};
      std::uint64_t seen_by_taker = 0;
      auto const before = weft::runtime::current()->metrics();
      auto const line = std::source_location::current().line() + 1;
      weft::parallel_for(0, 2, [&](int) {
        if (weft::this_task::id() != caller) {
          ++takers;
          seen_by_taker = weft::this_task::id();
          CHECK(weft::this_task::name() == "task-" + std::to_string(seen_by_taker));
          there.set();
          looked.wait();
        } else {
          there.wait();
          bool found = false;
          for (auto const& t : weft::all_tasks()) {
            if (t.id != seen_by_taker) continue;
            found = true;
            CHECK(t.parent == caller);
            CHECK(t.spawned_at.line() == line);
          }
          CHECK(found);
          looked.set();
        }
      });
      CHECK(takers == 1);
      auto const after = weft::runtime::current()->metrics();
      CHECK(after.spawned - before.spawned == 1);
      CHECK(after.finished - before.finished == 1);
      CHECK(weft::all_tasks().size() == 1);
    });
  });
}

TEST_CASE("parallel_for on a plain thread: no_runtime_error; from run_blocking it runs on the workers") {
  CHECK_THROWS_AS(weft::parallel_for(0, 10, [](int) {}), weft::no_runtime_error);
  shapes::on_all([] {
    std::atomic<int> n{0};
    CHECK(weft::run_blocking([&] {
            weft::parallel_for(0, 100, [&](int) { ++n; });
            return weft::parallel_reduce(0, 10, 0, [](int i) { return i; }, std::plus<>());
          }).get() == 45);
    CHECK(n == 100);
  });
}

TEST_CASE("a negative grain: std::invalid_argument, nothing is called") {
  shapes::on_all([] {
    auto const bad = [] { weft::parallel_for(0, 10, [](int) { FAIL("called"); }, -1); };
    CHECK(shapes::message_of<std::invalid_argument>(bad).find("grain") != std::string::npos);
    CHECK_THROWS_AS((void)weft::parallel_reduce(0, 1, 0, [](int i) { return i; }, std::plus<>(), -5), std::invalid_argument);
  });
}

TEST_CASE("a long parallel_for lets others run, with one worker, too: timers, and who is woken by a body") {
  for (std::ptrdiff_t const grain : {std::ptrdiff_t{0}, std::ptrdiff_t{1}, std::ptrdiff_t{1000}}) {
    CAPTURE(grain);
    shapes::run_on(1, [grain] {
      std::atomic<bool> stop{false};
      std::atomic<int> got{0};
      weft::queue<int> q;
      weft::latch begun(2);  // with one worker they wait when this does: what has not begun would wait for the loop's end
      auto sleeper = weft::spawn([&] {
        begun.count_down();
        weft::this_task::sleep_for(std::chrono::milliseconds(2));
        stop = true;
      });
      auto consumer = weft::spawn([&] {
        begun.count_down();
        (void)q.get();
        got = 1;
      });
      begun.wait();
      struct over {};
      auto const for_ever = [&] {
        weft::parallel_for(std::uint64_t{0}, std::uint64_t{1} << 60, [&](std::uint64_t i) {
          if (i == 0) q.put(1);
          if (stop && got == 1) throw over();
        }, grain);
      };
      CHECK_THROWS_AS(for_ever(), over);
      sleeper.get();
      consumer.get();
    });
  }
}
