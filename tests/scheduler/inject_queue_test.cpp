// The injection queue: first come first served, fibers and unstarted jobs in turn.
#include "scheduler/inject_queue.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <set>
#include <vector>

#include "tests/support/storm.hpp"

using weft::detail::fiber;
using weft::detail::inject_queue;
using weft::detail::unstarted;
using weft::detail::work;

namespace {

std::unique_ptr<unstarted> job() { return std::make_unique<unstarted>(0); }

}  // namespace

TEST_CASE("jobs leave in the order they came, and so do fibers") {
  inject_queue q;
  CHECK(q.empty());
  CHECK_FALSE(static_cast<bool>(q.pop(true)));
  auto const a = job(), b = job(), c = job();
  q.push(a.get());
  q.push(b.get());
  CHECK(q.pop(true).start == a.get());
  q.push(c.get());
  CHECK(q.pop(true).start == b.get());
  CHECK(q.pop(true).start == c.get());
  CHECK(q.empty());

  fiber f, g;
  q.push(&f);
  q.push(&g);
  CHECK(q.pop(true).ready == &f);
  CHECK(q.pop(true).ready == &g);
  CHECK(q.empty());
}

TEST_CASE("fibers and jobs take turns: neither starves the other") {
  inject_queue q;
  fiber f[3];
  auto const a = job(), b = job(), c = job();
  for (auto& x : f) q.push(&x);
  for (auto* x : {a.get(), b.get(), c.get()}) q.push(x);
  CHECK(q.ready() == 3);
  std::vector<bool> ready;
  for (int i = 0; i != 6; ++i) {
    work const w = q.pop(true);
    REQUIRE(static_cast<bool>(w));
    CHECK((w.ready == nullptr) != (w.start == nullptr));
    ready.push_back(w.ready != nullptr);
  }
  for (std::size_t i = 1; i != ready.size(); ++i) CHECK(ready[i] != ready[i - 1]);
  CHECK(q.ready() == 0);
  CHECK(q.empty());
}

TEST_CASE("who has no stack to start on gets fibers only, and the jobs stay") {
  inject_queue q;
  fiber f, g;
  auto const a = job();
  q.push(a.get());
  q.push(&f);
  q.push(&g);
  CHECK(q.pop(false).ready == &f);
  CHECK(q.pop(false).ready == &g);
  CHECK_FALSE(static_cast<bool>(q.pop(false)));
  CHECK_FALSE(q.empty());
  CHECK(q.pop(true).start == a.get());
  CHECK(q.empty());
}

TEST_CASE("storm: from many threads to many, everything leaves once") {
  auto const n = static_cast<std::size_t>(storm::rounds(100'000, 5'000'000));
  constexpr unsigned pushers = 2, takers = 2;
  inject_queue q;
  std::vector<std::unique_ptr<unstarted>> jobs;
  std::vector<std::unique_ptr<fiber>> fibers;
  for (std::size_t i = 0; i != n; ++i) {
    i % 2 == 0 ? jobs.push_back(job()) : fibers.push_back(std::make_unique<fiber>());
  }
  std::vector<std::vector<void*>> got(takers);
  std::atomic<std::size_t> left{n};
  storm::stampede(pushers + takers, [&](unsigned who) {
    if (who == 0) {
      for (auto& j : jobs) q.push(j.get());
    } else if (who == 1) {
      for (auto& f : fibers) q.push(f.get());
    } else {
      auto& mine = got[who - pushers];
      while (left.load(std::memory_order_relaxed) != 0) {
        work const w = q.pop(who % 2 == 0 || mine.size() % 2 == 0);
        if (!w) continue;
        mine.push_back(w.ready != nullptr ? static_cast<void*>(w.ready) : w.start);
        left.fetch_sub(1, std::memory_order_relaxed);
      }
    }
  });
  CHECK(q.empty());
  std::set<void*> all;
  for (auto& g : got) all.insert(g.begin(), g.end());
  CHECK(all.size() == n);
}
