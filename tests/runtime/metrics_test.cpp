// What a runtime counts and measures.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/hogs.hpp"
#include "tests/support/shapes.hpp"

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t longest_gap = 2 * weft::measured_one_in - 1;  // at least one in so many

// Than `bound`, which is one of the histogram's.
std::uint64_t longer_than(weft::duration_histogram const& h, std::chrono::nanoseconds bound) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i != h.counts.size(); ++i) n += i > 0 && h.bounds[i - 1] >= bound ? h.counts[i] : 0;
  return n;
}

void check_sane(weft::duration_histogram const& h) {
  std::chrono::nanoseconds least{0}, most{0};
  for (std::size_t i = 0; i != h.counts.size(); ++i) {
    auto const n = static_cast<std::int64_t>(h.counts[i]);
    if (i > 0) least += n * h.bounds[i - 1];
    if (i < h.bounds.size()) {
      most += n * h.bounds[i];
    } else if (n > 0) {
      most = std::chrono::nanoseconds::max();
    }
  }
  CHECK(h.sum >= least);
  CHECK(h.sum <= most);
}

void check_sums(weft::runtime_metrics const& m) {
  weft::worker_metrics sum;
  for (auto const& w : m.workers) {
    sum.steals += w.steals;
    sum.parks += w.parks;
    sum.wakes += w.wakes;
    sum.ticks += w.ticks;
    sum.switches += w.switches;
    sum.busy += w.busy;
    sum.queued += w.queued;
  }
  CHECK(sum.steals == m.steals);
  CHECK(sum.parks == m.parks);
  CHECK(sum.wakes == m.wakes);
  CHECK(sum.ticks == m.ticks);
  CHECK(sum.switches == m.switches);
  CHECK(sum.busy == m.busy);
  CHECK(sum.queued == m.queued);
}

// Every task is run by a worker's loop, none in place by who joins it: nobody does.
void run_detached(std::uint64_t n) {
  weft::latch all(static_cast<std::ptrdiff_t>(n));
  for (std::uint64_t i = 0; i != n; ++i) weft::spawn([&all] { all.count_down(); }).detach();
  all.wait();
}

}  // namespace

TEST_CASE("what was spawned has finished, failed, been cancelled, or lives") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    auto const before = rt.metrics();
    CHECK(before.name == "weft");
    CHECK(before.live == 0);
    CHECK(before.workers.size() == workers);
    rt.run([&] {
      std::vector<weft::task<>> all;
      for (int i = 0; i != 30; ++i) {
        all.push_back(weft::spawn([i] {
          if (i % 3 == 0) throw i;
          if (i % 3 == 1) throw weft::cancelled();
        }));
      }
      for (auto const& t : all) {
        t.wait();
        (void)t.cancel();
      }
      CHECK(weft::run_blocking([] { return 1; }).get() == 1);
    });
    auto const m = rt.metrics();
    CHECK(m.spawned == 32);
    CHECK(m.failed == 10);
    CHECK(m.cancelled == 10);
    CHECK(m.finished == 12);
    CHECK(m.live == 0);
    CHECK(m.scheduled + m.running + m.suspended == 0);
    check_sums(m);
  });
}

TEST_CASE("live and suspended count those that wait; timers those that wait until some time") {
  shapes::on_all([] {
    auto const& rt = *weft::runtime::current();
    weft::promise<> gate;
    std::vector<weft::task<>> all;
    for (int i = 0; i != 10; ++i) all.push_back(weft::spawn([f = gate.get_future()] { f.wait(); }));
    for (int i = 0; i != 5; ++i) all.push_back(weft::spawn([] { weft::this_task::sleep_for(1h); }));
    shapes::until([&] { return rt.metrics().suspended == 15; });
    auto const m = rt.metrics();
    CHECK(m.live == 16);
    CHECK(m.running == 1);
    CHECK(m.scheduled == 0);
    CHECK(m.timers == 5);
    CHECK(m.stacks >= 16);
    gate.set_value();
    for (auto const& t : all) (void)t.cancel();
    for (auto const& t : all) t.wait();
    shapes::until([&] { return rt.metrics().live == 1; });
    CHECK(rt.metrics().suspended == 0);
    CHECK(rt.metrics().timers == 0);
  });
}

TEST_CASE("what waits for the one worker is counted where it waits") {
  weft::runtime rt({.workers = 1, .stall_threshold = 0ms});
  shapes::computes hog;
  std::atomic<bool> stuck{false};
  std::vector<weft::task<>> all;
  all.push_back(rt.spawn([&] {
    for (int i = 0; i != 3; ++i) weft::spawn([] {}).detach();
    stuck = true;
    hog.hold();
  }));
  shapes::until([&] { return stuck.load(); });
  for (int i = 0; i != 5; ++i) all.push_back(rt.spawn([] {}));
  auto const m = rt.metrics();
  CHECK(m.queued == 3);
  CHECK(m.workers[0].queued == 3);
  CHECK(m.injected == 5);
  CHECK(m.scheduled == 8);
  CHECK(m.running == 1);
  CHECK(m.awake == 1);
  CHECK(m.idle == 0);
  hog.let_go();
  for (auto const& t : all) t.wait();
  shapes::until([&] { return rt.metrics().live == 0; });
  CHECK(rt.metrics().queued == 0);
  CHECK(rt.metrics().injected == 0);
}

TEST_CASE("workers that have nothing to do are idle; those that compute are busy") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    shapes::until([&] { return rt.metrics().idle == workers; });
    CHECK(rt.metrics().awake == 0);
    shapes::computes hog;
    auto const before = rt.metrics().busy;
    auto const t = rt.spawn([&hog] { hog.hold(); });
    shapes::until([&] { return rt.metrics().busy >= before + 2ms; });
    hog.let_go();
    t.get();
  });
}

TEST_CASE("counters and histograms only grow, and are never ahead of what was spawned, seen by a thread while a storm runs") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::atomic<bool> over{false};
    std::thread reader([&] {
      for (weft::runtime_metrics last = rt.metrics(), m; !over; last = std::move(m)) {
        m = rt.metrics();
        CHECK(m.spawned >= last.spawned);
        CHECK(m.finished >= last.finished);
        CHECK(m.failed >= last.failed);
        CHECK(m.cancelled >= last.cancelled);
        CHECK(m.switches >= last.switches);
        CHECK(m.wakes >= last.wakes);
        CHECK(m.parks >= last.parks);
        CHECK(m.busy >= last.busy);
        CHECK(m.live == m.spawned - m.finished - m.failed - m.cancelled);
        CHECK(m.live <= m.spawned);
        for (auto const which : {&weft::runtime_metrics::delay, &weft::runtime_metrics::slice}) {
          CHECK((m.*which).sum >= (last.*which).sum);
          for (std::size_t i = 0; i != (m.*which).counts.size(); ++i) CHECK((m.*which).counts[i] >= (last.*which).counts[i]);
        }
      }
    });
    rt.run([] {
      for (std::uint64_t round = 0; round != storm::rounds(40, 2000); ++round) {
        std::vector<weft::task<>> all;
        for (int i = 0; i != 100; ++i) {
          all.push_back(weft::spawn([i] {
            if (i % 4 == 0) weft::this_task::yield();
            if (i % 4 == 1) weft::this_task::sleep_for(1us);
            if (i % 4 == 2) weft::spawn([] {}).get();
          }));
        }
        for (auto const& t : all) t.get();
      }
    });
    over = true;
    reader.join();
    auto const m = rt.metrics();
    CHECK(m.live == 0);
    CHECK(m.timers == 0);
    check_sums(m);
    check_sane(m.delay);
    check_sane(m.slice);
  });
}

TEST_CASE("of the tasks that workers start some are measured, at random") {
  shapes::for_each_worker_count([](unsigned workers) {
    constexpr std::uint64_t n = 20'000;
    auto const began = std::chrono::steady_clock::now();
    weft::runtime rt({.workers = workers});
    rt.run([] { run_detached(n); });
    auto const m = rt.metrics();
    std::chrono::nanoseconds const took = std::chrono::steady_clock::now() - began;
    CHECK(m.delay.count() + m.workers.size() >= n / longest_gap);
    CHECK(m.delay.count() <= n);
    CHECK(m.slice.count() + 2 * m.workers.size() >= n / longest_gap);
    check_sane(m.delay);
    check_sane(m.slice);
    CHECK(m.delay.sum <= static_cast<std::int64_t>(m.delay.count()) * took);
    CHECK(m.slice.sum <= static_cast<std::int64_t>(m.workers.size()) * took);  // on one worker one after the other
  });
}

TEST_CASE("of the tasks that are woken and go on, too") {
  shapes::for_each_worker_count([](unsigned workers) {
    constexpr int rounds = 10'000;
    weft::runtime rt({.workers = workers});
    rt.run([] {
      weft::channel<int> there, back;
      auto const partner = weft::spawn([&] {
        for (int i = 0; i != rounds; ++i) back.send(*there.receive());
      });
      for (int i = 0; i != rounds; ++i) {
        there.send(i);
        CHECK(back.receive() == i);
      }
      partner.get();
    });
    auto const m = rt.metrics();
    CHECK(m.delay.count() + m.workers.size() >= m.wakes / longest_gap);
    CHECK(m.slice.count() != 0);
    check_sane(m.delay);
    check_sane(m.slice);
  });
}

TEST_CASE("a task that computes in one piece is seen among the long slices, and who waited for it among the long delays") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers, .max_stand_ins = 0});  // so that they have to share
    std::atomic<bool> over{false};
    std::vector<weft::task<>> all;
    for (unsigned i = 0; i != 2 * workers; ++i) {
      all.push_back(rt.spawn([&over] {
        while (!over) {
          weft::spawn([] {}).detach();
          for (auto const end = std::chrono::steady_clock::now() + 600us; std::chrono::steady_clock::now() < end;) {
          }
          weft::this_task::yield();
        }
      }));
    }
    shapes::until([&] {
      auto const m = rt.metrics();
      return longer_than(m.slice, 500us) != 0 && longer_than(m.delay, 500us) != 0;
    });
    over = true;
    for (auto const& t : all) t.get();
  });
}

TEST_CASE("what other threads spawn is measured, the first one in any case") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    rt.spawn([] {}).get();
    CHECK(rt.metrics().delay.count() == 1);
    for (int i = 0; i != 1000; ++i) rt.spawn([] {}).get();
    auto const n = rt.metrics().delay.count();
    CHECK(n >= 1001 / weft::measured_one_in - 2);
    CHECK(n <= 1001 / weft::measured_one_in + 2);
  });
}

TEST_CASE("a simulation measures in its own time, and the same each time") {
  auto const measured = [] {
    weft::simulation s(7);
    return s.run([] {
      std::vector<weft::task<>> all;
      for (int i = 0; i != 500; ++i) all.push_back(weft::spawn([i] { weft::this_task::sleep_for(std::chrono::milliseconds(i % 10)); }));
      for (auto const& t : all) t.wait();
      return weft::runtime::current()->metrics();
    });
  };
  auto const one = measured(), two = measured();
  CHECK(one.switches == two.switches);
  CHECK(one.delay.counts == two.delay.counts);
  CHECK(one.slice.counts == two.slice.counts);
  CHECK(one.delay.count() != 0);
  CHECK(one.busy == 0ns);
}

TEST_CASE("metrics as text: names are escaped and UTF-8, times are in seconds, buckets add up") {
  weft::runtime_metrics m;
  m.name = "a\"b\\c\nd\xff\u00e9";
  m.finished = 12'345'678'901;
  m.workers.resize(2);
  m.workers[1].busy = 1'500'000'001ns;
  m.delay.counts[0] = 1;
  m.delay.counts[2] = 2;
  m.delay.counts.back() = 3;
  m.delay.sum = 45s;
  auto const text = weft::to_prometheus(m);
  auto const has = [&text](std::string const& line) { return text.find(line + '\n') != std::string::npos; };
  std::string const name = R"(runtime="a\"b\\c\nd)" "\ufffd\u00e9\"";
  CHECK(has("# TYPE weft_tasks_finished_total counter"));
  CHECK(has("weft_tasks_finished_total{" + name + R"(,result="ok"} 12345678901)"));
  CHECK(has("weft_worker_busy_seconds_total{" + name + R"(,worker="0"} 0)"));
  CHECK(has("weft_worker_busy_seconds_total{" + name + R"(,worker="1"} 1.500000001)"));
  CHECK(has("weft_schedule_delay_seconds_bucket{" + name + R"(,le="1e-06"} 1)"));
  CHECK(has("weft_schedule_delay_seconds_bucket{" + name + R"(,le="2e-06"} 1)"));
  CHECK(has("weft_schedule_delay_seconds_bucket{" + name + R"(,le="5e-06"} 3)"));
  CHECK(has("weft_schedule_delay_seconds_bucket{" + name + R"(,le="0.0001"} 3)"));
  CHECK(has("weft_schedule_delay_seconds_bucket{" + name + R"(,le="10"} 3)"));
  CHECK(has("weft_schedule_delay_seconds_bucket{" + name + R"(,le="+Inf"} 6)"));
  CHECK(has("weft_schedule_delay_seconds_sum{" + name + "} 45"));
  CHECK(has("weft_schedule_delay_seconds_count{" + name + "} 6"));
  CHECK(text.ends_with('\n'));

  std::vector<weft::runtime_metrics> const two(2, m);
  auto const both = weft::to_prometheus(two);
  CHECK(std::ranges::count(both, '#') == std::ranges::count(text, '#'));
}
