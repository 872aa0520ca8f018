// Storm: suspension inside a handler, with migration. C++ keeps the exceptions in flight per thread; weft per task.
// Everyday: about a second. WEFT_LONG=1: a million.
#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <weft/weft.hpp>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

namespace {

struct tally {
  std::atomic<std::uint64_t> handlers{0}, wrong{0}, moved{0};
};

// An opaque look at which thread this is: not to be cached over a suspension.
[[gnu::noinline]] std::thread::id where() {
  asm volatile("");
  return std::this_thread::get_id();
}

// Leaves the worker while an exception is being handled.
void leave(storm::dice& roll) {
  switch (roll.below(3)) {
    case 0: weft::this_task::yield(); break;
    case 1: {
      weft::promise<> p;
      auto f = p.get_future();
      auto waker = weft::spawn([p = std::move(p)]() mutable { p.set_value(); });
      f.wait();
      waker.wait();
      break;
    }
    default: {
      auto child = weft::spawn([] {
        try {
          throw 3;
        } catch (int) {
          weft::this_task::yield();
        }
      });
      child.get();  // inlined inside our handler, or not
      break;
    }
  }
}

void handle(std::uint64_t n, storm::dice& roll, tally& t, int nested) {  // NOLINT(misc-no-recursion)
  auto const text = std::to_string(n) + " is a message too long for any small string";
  try {
    throw std::runtime_error(text);
  } catch (std::runtime_error const& e) {
    auto const before = where();
    leave(roll);
    t.moved += where() == before ? 0 : 1;
    if (nested != 0) handle(n + 1, roll, t, nested - 1);
    bool right = std::uncaught_exceptions() == 0 && e.what() == text;
    auto const held = std::current_exception();
    try {
      std::rethrow_exception(held);
    } catch (std::runtime_error const& again) {
      leave(roll);
      right = right && std::strcmp(again.what(), text.c_str()) == 0;
    }
    try {
      throw;
    } catch (std::runtime_error const& same) {
      right = right && &same == &e;
    }
    ++t.handlers;
    t.wrong += right ? 0 : 1;
  }
}

}  // namespace

TEST_CASE("storm: handlers that suspend keep their exception, wherever they wake up") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(20'000, 1'000'000);
  constexpr std::uint64_t tasks = 50;
  shapes::for_each_worker_count([&](unsigned workers) {
    tally t;
    shapes::run_on(workers, [&] {
      std::vector<weft::task<>> all;
      for (std::uint64_t i = 0; i != tasks; ++i) {
        all.push_back(weft::spawn([&, i] {
          storm::dice roll(seed + i);
          for (std::uint64_t k = 0; k < n / tasks / 2; ++k) handle(i * 1000 + k, roll, t, 1);
        }));
      }
      for (auto& x : all) x.wait();
      for (auto& x : all) x.get();
      CHECK(std::current_exception() == nullptr);
    });
    CHECK(t.handlers == n / tasks / 2 * 2 * tasks);
    CHECK(t.wrong == 0);
    if (workers > 1) CHECK(t.moved > 0);
  });
}

TEST_CASE("storm: one exception, rethrown in many tasks on many workers at once") {
  auto const n = storm::rounds(500, 50'000);
  shapes::on_all([&] {
    for (std::uint64_t i = 0; i != n; ++i) {
      auto failing = weft::spawn([]() -> int { throw std::runtime_error("shared"); });
      std::vector<weft::task<bool>> all;
      for (int k = 0; k != 6; ++k) {
        all.push_back(weft::spawn([failing] {
          try {
            (void)failing.get();
          } catch (std::runtime_error const& e) {
            weft::this_task::yield();
            return std::strcmp(e.what(), "shared") == 0;
          }
          return false;
        }));
      }
      for (auto& t : all) REQUIRE(std::move(t).get());
    }
  });
}

TEST_CASE("storm C15 clean-up in a handler that suspends, while others are cancelled around it") {
  auto const n = storm::rounds(2'000, 100'000);
  shapes::on_all([&] {
    std::atomic<std::uint64_t> begun{0}, cleaned{0}, interrupted{0};
    for (std::uint64_t i = 0; i < n; i += 10) {
      std::vector<weft::task<>> all;
      for (int k = 0; k != 10; ++k) {
        all.push_back(weft::spawn([&begun, &cleaned, &interrupted] {
          try {
            ++begun;
            for (;;) weft::this_task::yield();
          } catch (weft::cancelled const& e) {
            bool const mine = e.message() == "stop";
            weft::this_task::yield();
            weft::this_task::yield();
            (mine && e.message() == "stop" ? cleaned : interrupted) += 1;
            throw;
          }
        }));
      }
      shapes::until([&] { return begun == i + 10; });  // one that has not would never run (C01)
      for (auto& t : all) t.cancel("stop");
      for (auto& t : all) t.wait();
      for (auto& t : all) REQUIRE(t.cancelled());
    }
    CHECK(cleaned == n);
    CHECK(interrupted == 0);
  });
}
