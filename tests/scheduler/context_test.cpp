// What a switch of stacks keeps: exceptions in flight, errno, the floating-point modes; and how deep a stack is.
#include "scheduler/context.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cfenv>
#include <climits>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/weft.hpp>

#include "tests/support/child.hpp"
#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

namespace {

constexpr std::size_t one_kib = 1024;

// Leaves the worker, to be woken by another task: perhaps on another worker.
void suspend() {
  weft::promise<> p;
  auto const done = p.get_future();
  auto waker = weft::spawn([p = std::move(p)]() mutable { p.set_value(); });
  done.wait();
  waker.wait();
}

// Uses about `bytes` of stack and calls f at the bottom.
template <class F>
[[gnu::noinline]] int deep(std::size_t bytes, F& f) {  // NOLINT(misc-no-recursion)
  char volatile frame[one_kib];
  frame[0] = static_cast<char>(bytes);
  frame[one_kib - 1] = static_cast<char>(bytes);
  if (bytes <= one_kib) {
    f();
  } else {
    (void)deep(bytes - one_kib, f);
  }
  return frame[0] + frame[one_kib - 1];
}

// Compilers keep the address of errno over calls, and with it the thread: these look it up anew.
[[gnu::noinline]] void set_errno(int e) {
  asm volatile("" ::: "memory");
  errno = e;
}
[[gnu::noinline]] int get_errno() {
  asm volatile("" ::: "memory");
  return errno;
}

[[gnu::noinline]] int endless(int volatile* depth) {  // NOLINT(misc-no-recursion)
  char volatile frame[512];
  frame[0] = static_cast<char>(*depth);
  *depth = *depth + 1;
  return *depth == INT_MAX ? 0 : endless(depth) + frame[0];
}

void overflow() {
  int volatile depth = 0;
  (void)endless(&depth);
}

}  // namespace

TEST_CASE("a fresh fiber starts in its entry; each arrival is told who was left; the same fiber starts anew") {
  using namespace weft::detail;
  static fiber* native = nullptr;
  static fiber* other = nullptr;
  static int steps = 0;
  fiber here;
  native = &here;
  other = acquire_fiber(stack_pool::of(64 * one_kib));
  REQUIRE(other != nullptr);
  auto const entry = [](void* left) noexcept {
    arrive_fresh(*other);
    native->context.store(left, std::memory_order_relaxed);
    for (;;) {
      ++steps;
      native->context.store(switch_context(*other, *native, nullptr), std::memory_order_relaxed);
    }
  };
  for (int life = 1; life <= 2; ++life) {
    other->context.store(nullptr, std::memory_order_relaxed);
    for (int i = 0; i != 100; ++i) {
      other->context.store(switch_context(here, *other, entry), std::memory_order_relaxed);
      REQUIRE(steps == i + 1);
    }
    steps = 0;
  }
  release_fiber(other);
}

TEST_CASE("std::current_exception and rethrowing survive a suspension in a handler, nested ones too") {
  shapes::on_all([] {
    std::vector<weft::task<bool>> all;
    for (int i = 0; i != 20; ++i) {
      all.push_back(weft::spawn([i] {
        try {
          throw std::runtime_error(std::to_string(i));
        } catch (std::runtime_error const& outer) {
          suspend();
          bool inner_right = false;
          try {
            throw i;
          } catch (int n) {
            suspend();
            inner_right = n == i;
          }
          suspend();
          try {
            throw;
          } catch (std::runtime_error const& again) {
            return inner_right && &again == &outer && outer.what() == std::to_string(i) &&
                   std::uncaught_exceptions() == 0;
          }
        }
      }));
    }
    for (auto& t : all) CHECK(std::move(t).get());
  });
}

TEST_CASE("a task started inside a handler sees no exception of its joiner's, and leaves none behind") {
  shapes::on_all([] {
    try {
      throw 1;
    } catch (int) {
      auto child = weft::spawn([] {
        bool const none = std::current_exception() == nullptr && std::uncaught_exceptions() == 0;
        try {
          throw 2;
        } catch (int) {
          suspend();
        }
        return none && std::current_exception() == nullptr;
      });
      CHECK(std::move(child).get());
      CHECK(std::current_exception() != nullptr);
      try {
        throw;
      } catch (int n) {
        CHECK(n == 1);
      }
    }
    CHECK(std::current_exception() == nullptr);
  });
}

TEST_CASE("uncaught_exceptions is each task's own: a destructor that suspends during unwinding") {
  struct suspends {
    int& seen;
    ~suspends() {
      suspend();
      seen = std::uncaught_exceptions();
    }
  };
  shapes::on_all([] {
    std::vector<weft::task<int>> all;
    for (int i = 0; i != 10; ++i) {
      all.push_back(weft::spawn([i] {
        int seen = -1;
        if (i % 2 == 0) {
          suspend();
          return std::uncaught_exceptions() == 0 ? 1 : 0;
        }
        try {
          suspends const s{seen};
          throw i;
        } catch (int n) {
          return n == i ? seen : -2;
        }
      }));
    }
    for (auto& t : all) CHECK(std::move(t).get() == 1);
  });
}

TEST_CASE("errno belongs to the task: it comes back after a suspension, on whichever thread") {
  shapes::on_all([] {
    std::vector<weft::task<int>> all;
    for (int i = 0; i != 20; ++i) {
      all.push_back(weft::spawn([i] {
        int wrong = 0;
        for (int k = 0; k != 20; ++k) {
          set_errno(1000 + i * 100 + k);
          weft::this_task::yield();
          wrong += get_errno() == 1000 + i * 100 + k ? 0 : 1;
          suspend();
        }
        return wrong;
      }));
    }
    for (auto& t : all) CHECK(std::move(t).get() == 0);
  });
}

TEST_CASE("the rounding mode belongs to the fiber: one who changes it and suspends changes it for nobody else") {
  shapes::on_all([] {
    int const before = std::fegetround();
    std::vector<weft::task<bool>> all;
    for (int const mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST}) {
      all.push_back(weft::spawn([mode, before] {
        std::fesetround(mode);
        bool right = true;
        for (int k = 0; k != 20; ++k) {
          weft::this_task::yield();
          suspend();
          right = right && std::fegetround() == mode;
        }
        std::fesetround(before);
        return right;
      }));
    }
    for (auto& t : all) t.wait();
    for (auto& t : all) CHECK(std::move(t).get());
    CHECK(std::fegetround() == before);
  });
}

TEST_CASE("a task has its 256 KiB, when it is called by a worker and when its joiner runs it") {
  auto const nearly_all = (storm::sanitized ? 100 : 240) * one_kib;
  shapes::on_all([&] {
    int reached = 0;
    auto bottom = [&] { ++reached; };
    (void)deep(nearly_all, bottom);
    auto child = weft::fork([&] { (void)deep(nearly_all, bottom); });
    child.get();
    auto outside = weft::fork([&] { (void)deep(nearly_all, bottom); });
    outside.wait();
    CHECK(reached == 3);
  });
}

TEST_CASE("task_options::stack_size gives a task more, wherever it is joined; its children have the usual") {
  auto const much = (storm::sanitized ? 1000 : 2000) * one_kib;
  shapes::on_all([&] {
    for (bool const by_get : {true, false}) {
      auto t = weft::spawn({.name = "deep", .stack_size = 2048 * one_kib}, [=] {
        int reached = 0;
        auto bottom = [&] {
          auto child = weft::spawn([] {
            suspend();
            return 1;
          });
          suspend();
          reached += std::move(child).get();
        };
        (void)deep(much, bottom);
        return reached;
      });
      if (!by_get) t.wait();
      CHECK(std::move(t).get() == 1);
    }
  });
}

TEST_CASE("task_options::stack_size may be small, and many sizes live side by side") {
  shapes::on_all([] {
    std::vector<weft::task<int>> all;
    for (int i = 0; i != 40; ++i) {
      auto const size = static_cast<std::size_t>(16 << (i % 4)) * one_kib;
      all.push_back(weft::spawn({.stack_size = size}, [i] {
        suspend();
        return i;
      }));
    }
    for (int i = 0; i != 40; ++i) CHECK(std::move(all[static_cast<std::size_t>(i)]).get() == i);
  });
}

TEST_CASE("a task that overflows its stack is named: called by a worker, inlined, resumed, on a stack of its own") {
  struct variant {
    char const* what;
    std::size_t stack_size;
    bool suspends;
    bool joined_by_get;
  };
  for (auto const& v : {variant{"called", 0, false, false}, variant{"inlined", 0, false, true},
                        variant{"resumed", 0, true, false}, variant{"own-stack", 64 * one_kib, false, false}}) {
    CAPTURE(v.what);
    auto const result = child::in_child([&] {
      weft::run({.workers = 1}, [&] {
        auto t = weft::spawn({.name = v.what, .stack_size = v.stack_size}, [suspends = v.suspends] {
          if (suspends) suspend();
          overflow();
        });
        if (v.joined_by_get) {
          t.get();
        } else {
          t.wait();
        }
      });
    });
    CHECK_FALSE(result.ended_with(0));
    CHECK_MESSAGE(result.says(std::string("weft: stack overflow in task '") + v.what + "' (id "), result.err);
    CHECK_MESSAGE(result.says("context_test.cpp:"), result.err);
    CHECK_MESSAGE(result.says("task_options::stack_size"), result.err);
  }
}

TEST_CASE("overflow_report = false leaves the signal alone") {
  auto const result = child::in_child([] {
    weft::run({.workers = 1, .overflow_report = false}, [] { overflow(); });
  });
  CHECK_FALSE(result.ended_with(0));
  CHECK_FALSE(result.says("weft:"));
}
