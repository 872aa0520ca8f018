// Memory and stacks that are not to be had: a spawn that fails leaves nothing behind, a task without a stack waits for one.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/weft.hpp>

#include "scheduler/sanitizers.hpp"
#include "scheduler/stack.hpp"
#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

namespace {

// The n-th allocation of this thread from now on fails, and all after it. 0: none. Nothing of it is used over a suspension.
thread_local long fail_at = 0;

[[maybe_unused]] bool refused() noexcept {
  if (fail_at == 0) return false;
  if (fail_at > 1) {
    --fail_at;
    return false;
  }
  return true;
}

[[maybe_unused]] void* allocate(std::size_t n, std::size_t align) noexcept {
  if (refused()) return nullptr;
  return align <= alignof(std::max_align_t) ? std::malloc(n == 0 ? 1 : n)
                                            : std::aligned_alloc(align, (n + align - 1) / align * align);
}

[[maybe_unused]] void* allocate_or_throw(std::size_t n, std::size_t align) {
  void* const p = allocate(n, align);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

struct failing {
  explicit failing(long n) noexcept { fail_at = n; }
  ~failing() { fail_at = 0; }
  failing(failing const&) = delete;
  failing& operator=(failing const&) = delete;
};

}  // namespace

// TSan of clang brings operator new itself, and cannot be overridden: nothing is refused there.
#if defined(WEFT_TSAN)
constexpr bool can_refuse = false;
#else
constexpr bool can_refuse = true;

// Out of line, so that the compiler does not match malloc against delete.
[[gnu::noinline]] void* operator new(std::size_t n) { return allocate_or_throw(n, 1); }
[[gnu::noinline]] void* operator new(std::size_t n, std::nothrow_t const&) noexcept { return allocate(n, 1); }
[[gnu::noinline]] void* operator new(std::size_t n, std::align_val_t a) {
  return allocate_or_throw(n, static_cast<std::size_t>(a));
}
[[gnu::noinline]] void* operator new(std::size_t n, std::align_val_t a, std::nothrow_t const&) noexcept {
  return allocate(n, static_cast<std::size_t>(a));
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
#endif

namespace {

struct counted {
  std::shared_ptr<std::atomic<int>> alive;
  explicit counted(std::shared_ptr<std::atomic<int>> a) : alive(std::move(a)) { ++*alive; }
  counted(counted const& o) : alive(o.alive) { ++*alive; }
  counted& operator=(counted const&) = delete;
  ~counted() { --*alive; }
};

constexpr std::size_t stack_bytes = 96 * 1024;  // a pool of its own, so that others' stacks do not count

weft::runtime_options on_its_own_pool(unsigned workers) {
  weft::runtime_options o;
  o.workers = workers;
  o.stack_size = stack_bytes;
  return o;
}

struct limited {
  weft::detail::stack_pool& pool = weft::detail::stack_pool::of(stack_bytes);
  explicit limited(std::size_t more) { pool.limit(pool.in_use() + more); }
  ~limited() { pool.limit(0); }
  limited(limited const&) = delete;
  limited& operator=(limited const&) = delete;
};

}  // namespace

TEST_CASE("B14 spawn without memory throws bad_alloc, whichever allocation fails; nothing is registered, all goes on") {
  if (!can_refuse) return;
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    rt.run([&] {
      auto const alive = std::make_shared<std::atomic<int>>(0);
      auto const spawned = rt.metrics().spawned;
      std::uint64_t threw = 0, refusals = 0;
      std::vector<weft::task<>> kept;
      kept.reserve(100'000);
      std::string const name(100, 'n');
      std::array<char, 600> const large{};  // too large for a block: the callable has an allocation of its own
      // Enough to use up the caches of blocks, and to make the queue grow; the failure moves along.
      for (int i = 0; i != 5000; ++i) {
        auto const before = alive->load();
        bool const with_name = i % 3 == 0, with_large = i % 5 == 0;
        try {
          counted const held(alive);
          weft::task_options options{.name = with_name ? name : std::string()};
          failing const armed(1 + i % 4);
          if (with_large) {
            kept.push_back(weft::spawn(std::move(options), [held, large] { (void)large; }));
          } else {
            kept.push_back(weft::spawn(std::move(options), [held] {}));
          }
        } catch (std::bad_alloc const&) {
          ++threw;
          if (workers == 1) refusals += alive->load() == before ? 0 : 1;
        }
      }
      CHECK(threw > 500);
      CHECK(refusals == 0);
      CHECK(rt.metrics().spawned == spawned + kept.size());
      for (auto& t : kept) t.get();
      shapes::until([&] { return rt.metrics().live == 1; });  // counted as ended a moment after its end is seen
      kept.clear();
      CHECK(alive->load() == 0);
      auto after = weft::spawn([] { return 7; });
      CHECK(std::move(after).get() == 7);
    });
  });
}

TEST_CASE("fork and run_blocking and promises without memory: bad_alloc, and all goes on") {
  if (!can_refuse) return;
  shapes::on_all([] {
    std::uint64_t threw = 0;
    auto const alive = std::make_shared<std::atomic<int>>(0);
    std::vector<weft::promise<>> many;
    many.reserve(10'000);
    for (int i = 0; i != 2000; ++i) {
      counted const held(alive);
      std::array<char, 600> const large{};
      try {
        auto t = [&] {
          failing const armed(1 + i % 3);
          return weft::fork([held, large] { return large.size(); });
        }();
        REQUIRE(t.get() == 600);
      } catch (std::bad_alloc const&) {
        ++threw;
      }
      try {
        failing const armed(1);
        many.emplace_back();
      } catch (std::bad_alloc const&) {
        ++threw;
      }
    }
    for (int i = 0; i != 20; ++i) {
      counted const held(alive);
      try {
        auto t = [&] {
          failing const armed(1 + i % 5);
          return weft::run_blocking([held] { return 3; });
        }();
        REQUIRE(std::move(t).get() == 3);
      } catch (std::bad_alloc const&) {
        ++threw;
      } catch (std::system_error const&) {
        ++threw;
      }
    }
    CHECK(threw > 600);
    CHECK(alive->load() == 0);
  });
}

TEST_CASE("spawn from a plain thread without memory: bad_alloc, nothing registered") {
  if (!can_refuse) return;
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    std::vector<weft::task<int>> kept;
    kept.reserve(3000);
    std::uint64_t threw = 0;
    for (int i = 0; i != 3000; ++i) {
      std::array<char, 600> const large{};
      try {
        failing const armed(1 + i % 2);
        kept.push_back(i % 2 == 0 ? rt.spawn([large] { return static_cast<int>(large.size()); }) : rt.spawn([] { return 600; }));
      } catch (std::bad_alloc const&) {
        ++threw;
      }
    }
    CHECK(threw > 0);
    CHECK(rt.metrics().spawned == kept.size());
    for (auto& t : kept) REQUIRE(t.get() == 600);
  });
}

TEST_CASE("cancelling with a message, without memory for it: bad_alloc, nothing requested; without a message it works") {
  if (!can_refuse) return;
  shapes::on_all([] {
    weft::promise<> p;
    auto t = weft::spawn([f = p.get_future()] { f.wait(); });
    std::string const message(200, 'm');
    int refusals = 0;
    for (long n = 1; n != 3; ++n) {
      auto copy = message;
      try {
        failing const armed(n);
        (void)t.cancel(std::move(copy));
      } catch (std::bad_alloc const&) {
        ++refusals;
        CHECK(t.cancelling() == 0);
      }
    }
    CHECK(refusals > 0);
    {
      failing const armed(1);
      CHECK(t.cancel());
    }
    t.wait();
    CHECK(t.cancelled());
  });
}

TEST_CASE("B14 no stack to start on: tasks wait until others end, and all of them run") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt(on_its_own_pool(workers));
    rt.run([&] {
      limited const few(4);
      constexpr int n = 200;
      std::vector<weft::promise<>> gates(n);
      std::vector<weft::task<>> all;
      auto running = std::make_shared<std::atomic<int>>(0);
      auto most = std::make_shared<std::atomic<int>>(0);
      for (auto& g : gates) {
        all.push_back(weft::spawn([running, most, f = g.get_future()] {
          int const now = ++*running;
          for (int m = *most; m < now && !most->compare_exchange_weak(m, now);) {
          }
          f.wait();
          --*running;
        }));
      }
      shapes::until([&] { return *running != 0; });
      for (auto& g : gates) {
        g.set_value();
        weft::this_task::yield();
      }
      for (auto& t : all) t.wait();
      for (auto& t : all) CHECK(t.exception() == nullptr);
      CHECK(*most < 64 * static_cast<int>(workers) + n / 2);
    });
  });
}

TEST_CASE("B14 no stack comes free for a second: the oldest waiting task fails with bad_alloc, the rest goes on") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt(on_its_own_pool(workers));
    {
      limited const none(1);
      weft::promise<> gate;
      auto const f = gate.get_future();
      // More than can have a stack, all suspended for good. Watched from outside: a fiber that is ready is no want of stacks.
      std::vector<weft::task<>> all;
      for (unsigned i = 0; i != 8 + 4 * workers; ++i) all.push_back(rt.spawn([f] { f.wait(); }));
      shapes::until([&] { return std::any_of(all.begin(), all.end(), [](auto& t) { return t.done(); }); });
      gate.set_value();
      std::size_t finished = 0, without_stack = 0;
      for (auto& t : all) {
        try {
          t.get();
          ++finished;
        } catch (std::bad_alloc const&) {
          ++without_stack;
        }
      }
      CHECK(without_stack >= 1);
      CHECK(finished >= 1);
      CHECK(finished + without_stack == all.size());
    }
    auto again = rt.spawn([] {
      auto t = weft::spawn([] {
        weft::this_task::yield();
        return 1;
      });
      t.wait();
      return t.get();
    });
    CHECK(std::move(again).get() == 1);
  });
}

TEST_CASE("B14 the same for a stack size of one's own: such tasks wait for a stack, and all of them run") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::run_on(workers, [] {
      auto& pool = weft::detail::stack_pool::of(40 * 1024);
      pool.limit(pool.in_use() + 2);
      std::vector<weft::task<int>> all;
      for (int i = 0; i != 50; ++i) {
        all.push_back(weft::spawn({.stack_size = 40 * 1024}, [i] {
          for (int k = 0; k != 10; ++k) weft::this_task::yield();
          return i;
        }));
      }
      for (auto& t : all) t.wait();
      for (int i = 0; i != 50; ++i) {
        CHECK(all[static_cast<std::size_t>(i)].exception() == nullptr);
        CHECK(all[static_cast<std::size_t>(i)].get() == i);
      }
      pool.limit(0);
    });
  });
}

TEST_CASE("without stacks a join still runs its child in place") {
  shapes::on_all([] {
    limited const none(0);
    int sum = 0;
    for (int i = 0; i != 100; ++i) {
      auto t = weft::fork([&] { ++sum; });
      t.get();
    }
    CHECK(sum == 100);
  });
}
