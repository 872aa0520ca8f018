// simulation: one thread, a seed for every choice, virtual time.
#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "tests/support/shapes.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace this_task = weft::this_task;

namespace {

// Some tasks that note who goes when.
std::string a_busy_day() {
  std::string order;
  std::vector<weft::task<>> all;
  for (char c = 'a'; c != 'g'; ++c) {
    all.push_back(weft::spawn([c, &order] {
      for (int i = 0; i != 3; ++i) {
        order += c;
        if (i == 1) this_task::sleep_for(std::chrono::milliseconds(c % 3));
        this_task::yield();
      }
      (void)weft::spawn([c, &order] { order += static_cast<char>(c - 'a' + 'A'); }).wait();
    }));
  }
  for (auto const& t : all) t.get();
  return order;
}

struct outcome {
  std::string order;
  std::uint64_t steps, digest;
  bool operator==(outcome const&) const = default;
};

outcome day_of(std::uint64_t seed) {
  weft::simulation s(seed);
  auto order = s.run(a_busy_day);
  return {std::move(order), s.steps(), s.digest()};
}

}  // namespace

TEST_CASE("X9 the same seed gives the same run") {
  for (std::uint64_t const seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{42}, ~std::uint64_t{0}}) {
    auto const once = day_of(seed);
    CHECK(once.steps > 0);
    for (int i = 0; i != 3; ++i) CHECK(day_of(seed) == once);
  }
}

TEST_CASE("X9 the same seed gives the same run on another thread, and whatever ran before") {
  auto const here = day_of(7);
  run_on(2, [] { weft::spawn([] {}).get(); });
  outcome there;
  std::thread([&there] { there = day_of(7); }).join();
  CHECK(here == there);
}

TEST_CASE("X9 different seeds give different orders") {
  std::set<std::string> orders;
  std::set<std::uint64_t> digests;
  for (std::uint64_t seed = 0; seed != 50; ++seed) {
    auto const day = day_of(seed);
    orders.insert(day.order);
    digests.insert(day.digest);
  }
  CHECK(orders.size() > 45);
  CHECK(digests.size() > 45);
}

TEST_CASE("X9 the choice of one of two that are ready goes either way") {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed != 100; ++seed) {
    orders.insert(weft::simulation(seed).run([] {
      std::string order;
      auto const a = weft::spawn([&order] { order += 'a'; });
      auto const b = weft::spawn([&order] { order += 'b'; });
      a.wait();
      b.wait();
      return order;
    }));
  }
  CHECK(orders == std::set<std::string>{"ab", "ba"});
}

TEST_CASE("a joiner runs its child in place, or suspends: a seeded choice") {
  // In place, the child's stack lies just under its joiner's.
  bool inlined = false, apart = false;
  for (std::uint64_t seed = 0; seed != 50; ++seed) {
    weft::simulation(seed).run([&] {
      char mine = 0;
      auto const distance = weft::spawn([&mine] {
        char its = 0;
        auto const d = reinterpret_cast<std::intptr_t>(&mine) - reinterpret_cast<std::intptr_t>(&its);
        return d < 0 ? -d : d;
      }).get();
      (distance < 32 * 1024 ? inlined : apart) = true;
    });
  }
  CHECK(inlined);
  CHECK(apart);
}

TEST_CASE("everything is on the calling thread; run_blocking, too") {
  auto const here = std::this_thread::get_id();
  in_simulations(10, [here] {
    CHECK(std::this_thread::get_id() == here);
    CHECK(weft::spawn([] { return std::this_thread::get_id(); }).get() == here);
    CHECK(weft::run_blocking([] { return std::this_thread::get_id(); }).get() == here);
  });
}

TEST_CASE("days of sleeping take no time") {
  auto const begin = std::chrono::steady_clock::now();
  in_simulations(10, [] {
    auto const t0 = weft::clock::now();
    auto const other = weft::spawn([] { this_task::sleep_for(std::chrono::hours(24 * 365)); });
    for (int i = 0; i != 300; ++i) this_task::sleep_for(std::chrono::hours(24));
    CHECK(weft::clock::now() - t0 == std::chrono::hours(24 * 300));
    other.get();
    CHECK(weft::clock::now() - t0 == std::chrono::hours(24 * 365));
  });
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("R02 what main leaves is cancelled in rounds, in the simulation") {
  in_simulations(30, [] {
    static auto* const never = new weft::promise<>;
    for (int i = 0; i != 5; ++i) {
      weft::spawn([f = never->get_future()] {
        try {
          f.wait();
        } catch (weft::cancelled const& e) {
          CHECK(e.cause() == weft::cancel_cause::shutdown);
          this_task::sleep_for(1s);
          CHECK(weft::spawn([] { return 4; }).get() == 4);
          throw;
        }
      }).detach();
    }
    weft::spawn([] { this_task::sleep_for(weft::never); }).detach();
    this_task::yield();
  });
}

TEST_CASE("R09 several runs in one simulation") {
  weft::simulation s(3);
  CHECK(s.run([] { return 1; }) == 1);
  CHECK_THROWS_AS(s.run([] { throw std::domain_error("second"); }), std::domain_error);
  CHECK(s.run([] { return a_busy_day().size(); }) == 24);
}

TEST_CASE("errors go to on_unhandled; main's cancellation is task_cancelled_error") {
  reports seen;
  weft::simulation s(5, seen.options(1));
  s.run([] {
    auto t = weft::spawn({.name = "unseen"}, [] { throw std::runtime_error("unseen error"); });
    t.wait();
  });
  REQUIRE(seen.count() == 1);
  CHECK(seen.all()[0].task_name == "unseen");
  CHECK(message_of<weft::task_cancelled_error>([&] {
          s.run([] {
            (void)this_task::self().cancel("by itself");
            this_task::yield();
          });
        }) == "by itself");
}

TEST_CASE("several simulations in turn, and a runtime beside them") {
  weft::runtime rt({.workers = 2});
  auto const beside = rt.spawn([] {
    for (int i = 0; i != 1000; ++i) this_task::yield();
    return 1;
  });
  weft::simulation a(1), b(1);
  CHECK(a.run(a_busy_day) == b.run(a_busy_day));
  CHECK(a.digest() == b.digest());
  CHECK(beside.get() == 1);
}

TEST_CASE("callbacks run in the simulation, before run() returns") {
  for (std::uint64_t seed = 0; seed != 20; ++seed) {
    int ran = 0;
    weft::simulation(seed).run([&ran] {
      weft::promise<int> p;
      auto const one = p.get_future().on_done([&ran](auto const&) { ++ran; });
      auto const two = p.get_future().on_done([&ran](auto const&) {
        this_task::yield();
        ++ran;
      });
      p.set_value(1);
    });
    CHECK(ran == 2);
  }
}

TEST_CASE("every yield among many is a choice") {
  weft::simulation s(9);
  int const n = s.run([] {
    int count = 0;
    std::vector<weft::task<>> all;
    for (int i = 0; i != 200; ++i) {
      all.push_back(weft::spawn([&count] {
        for (int k = 0; k != 50; ++k) {
          this_task::yield();
          ++count;
        }
      }));
    }
    for (auto const& t : all) t.get();
    return count;
  });
  CHECK(n == 200 * 50);
  CHECK(s.steps() >= 200 * 50);
}
