// stack_pool: reuse, guards and their fallbacks, refused memory, pages given back, lookup by address.
#include "scheduler/stack.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/child.hpp"

using namespace weft::detail;

namespace {

constexpr std::size_t kib = 1024;
constexpr int guard_install = 102;  // MADV_GUARD_INSTALL, not in every header

// In a child: says what failed and ends it.
void expect(bool condition, int line, char const* text) {
  if (condition) return;
  ::dprintf(STDERR_FILENO, "line %d: %s\n", line, text);
  ::_exit(99);
}
#define EXPECT(condition) expect(static_cast<bool>(condition), __LINE__, #condition)

using child::in_child;  // process-wide state (budget, warning, system functions) starts anew in each

std::size_t resident_pages(stack const& s) {
  auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> map(s.size / page);
  REQUIRE(::mincore(s.base, s.size, map.data()) == 0);
  std::size_t count = 0;
  for (unsigned char m : map) count += m & 1u;
  return count;
}

int refuse_guards(void* at, std::size_t n, int advice) noexcept {
  if (advice != guard_install) return ::madvise(at, n, advice);
  errno = EINVAL;
  return -1;
}

std::size_t calls_until_failure = 0;  // 1: the next one fails; 0: none

bool fails_now() noexcept {
  if (calls_until_failure == 0 || --calls_until_failure != 0) return false;
  errno = ENOMEM;
  return true;
}

void count_calls() {
  stack_system.mmap = [](void* at, std::size_t n, int prot, int flags, int fd, off_t offset) noexcept {
    return fails_now() ? MAP_FAILED : ::mmap(at, n, prot, flags, fd, offset);
  };
  stack_system.madvise = [](void* at, std::size_t n, int advice) noexcept {
    return fails_now() ? -1 : refuse_guards(at, n, advice);
  };
  stack_system.mprotect = [](void* at, std::size_t n, int prot) noexcept {
    return fails_now() ? -1 : ::mprotect(at, n, prot);
  };
}

void check_cold_stacks(stack_pool& pool) {
  std::vector<stack> all;
  for (int i = 0; i != 192; ++i) {  // three slabs, whole: none is left to stand in for a lost one
    all.push_back(pool.acquire());
    REQUIRE(all.back());
    std::memset(all.back().base, 1, all.back().size);
  }
  auto const whole = all[0].size / static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  auto const check_given_back = [&](std::size_t count) {
    for (std::size_t i = 0; i != all.size(); ++i) {
      CAPTURE(i);
      CHECK(resident_pages(all[i]) == (i < count ? 0 : whole));
    }
  };
  for (std::size_t i = 0; i != 95; ++i) pool.release(all[i], true);
  check_given_back(0);
  pool.release(all[95], true);
  check_given_back(32);
  for (std::size_t i = 96; i != 128; ++i) pool.release(all[i], true);
  for (std::size_t i = 128; i != 192; ++i) pool.release(all[i], false);
  check_given_back(64);

  // All of them come back, each once.
  auto const mapped = pool.mapped();
  std::vector<stack> again;
  for (int i = 0; i != 192; ++i) again.push_back(pool.acquire());
  CHECK(mapped == 192);
  CHECK(pool.mapped() == mapped);
  for (stack const& s : again) *(s.top() - 1) = std::byte{0};
  for (stack const& s : again) {
    CHECK(*(s.top() - 1) == std::byte{0});
    *(s.top() - 1) = std::byte{1};
  }
  for (stack const& s : again) pool.release(s, true);
}

}  // namespace

TEST_CASE("a pool serves one size class and a stack holds more than it promises") {
  CHECK(&stack_pool::of(256 * kib) == &stack_pool::of(256 * kib));
  CHECK(&stack_pool::of(256 * kib) == &stack_pool::of(256 * kib - 1));
  CHECK(&stack_pool::of(256 * kib) != &stack_pool::of(512 * kib));
  CHECK(stack_pool::of(0).promised() >= 16 * kib);
  for (std::size_t const promised : {16 * kib, 64 * kib, 128 * kib, 256 * kib, 1024 * kib}) {
    auto& pool = stack_pool::of(promised);
    stack const s = pool.acquire();
    REQUIRE(s);
    CHECK(s.size >= promised);
    CHECK(s.size < 2 * pool.promised());
    std::memset(s.base, 0xa5, s.size);
    CHECK(canary_intact(s) == s.guarded);
    pool.release(s, true);
  }
}

TEST_CASE("the stack released last is acquired first, and the figures follow") {
  auto& pool = stack_pool::of(320 * kib);
  stack const a = pool.acquire();
  stack const b = pool.acquire();
  REQUIRE((a && b && a.base != b.base));
  CHECK(pool.in_use() == 2);
  CHECK(pool.mapped() >= 2);
  CHECK(stack_pool::total().in_use >= 2);
  pool.release(a, false);
  pool.release(b, false);
  CHECK(pool.in_use() == 0);
  CHECK(pool.acquire().base == b.base);
  CHECK(pool.acquire().base == a.base);
  CHECK(pool.mapped() <= 64);
  pool.release(a, true);
  pool.release(b, true);
}

TEST_CASE("beyond the limit there is no stack until one is released") {
  auto& pool = stack_pool::of(336 * kib);
  pool.limit(2);
  stack const a = pool.acquire();
  stack const b = pool.acquire();
  CHECK((a && b));
  CHECK_FALSE(pool.acquire());
  pool.release(b, false);
  stack const c = pool.acquire();
  CHECK(c);
  pool.limit(0);
  stack const d = pool.acquire();
  CHECK(d);
  for (stack const& s : {a, c, d}) pool.release(s, false);
}

TEST_CASE("a size no machine has gives no stack") {
  CHECK_FALSE(stack_pool::of(SIZE_MAX).acquire());
  CHECK_FALSE(stack_pool::of(std::size_t{1} << 50).acquire());
  CHECK(stack_pool::of(SIZE_MAX).in_use() == 0);
}

TEST_CASE("a write below the base faults, also after the pages were given back") {
  for (bool const recycled : {false, true}) {
    for (std::size_t const promised : {16 * kib, 256 * kib}) {
      auto const result = in_child([&] {
        auto& pool = stack_pool::of(promised);
        std::vector<stack> all;
        for (int i = 0; i != 96; ++i) all.push_back(pool.acquire());
        stack const oldest = all.front();
        if (recycled) {
          for (stack const& s : all) pool.release(s, true);
        }
        EXPECT(oldest.guarded);
        *oldest.base = std::byte{1};
        ::dprintf(STDERR_FILENO, "base is usable\n");
        static_cast<std::byte volatile*>(oldest.base)[-1] = std::byte{1};
      });
      CHECK_FALSE(result.ended_with(0));
      CHECK(result.err.starts_with("base is usable\n"));
    }
  }
}

TEST_CASE("without guard regions mprotect guards within the budget, then a canary and one warning") {
  auto const result = in_child([] {
    stack_system.madvise = refuse_guards;
    stack_system.max_map_count = []() noexcept -> std::size_t { return 80; };  // a quarter, 2 each: 10 stacks
    auto& pool = stack_pool::of(288 * kib);  // a class that no other test has guarded stacks of
    std::vector<stack> bare;
    std::size_t guarded = 0;
    for (int i = 0; i != 40; ++i) {
      stack const s = pool.acquire();
      EXPECT(s && canary_intact(s));
      if (s.guarded) {
        EXPECT(bare.empty());
        ++guarded;
      } else {
        bare.push_back(s);
      }
    }
    EXPECT(guarded <= 10);
    EXPECT(pool.unguarded() == bare.size());

    *bare[0].base ^= std::byte{1};
    EXPECT(!canary_intact(bare[0]));
    EXPECT(canary_intact(bare[1]));
    pool.release(bare[0], false);
    stack const again = pool.acquire();
    EXPECT(again.base == bare[0].base && canary_intact(again));
  });
  CHECK_MESSAGE(result.ended_with(0), result.err);
  CHECK(result.err.find("vm.max_map_count=80") != std::string::npos);
  CHECK(result.err.find("sysctl") != std::string::npos);
  CHECK(result.err.find('\n') == result.err.size() - 1);
}

TEST_CASE("an mprotect guard faults as well") {
  auto const result = in_child([] {
    stack_system.madvise = refuse_guards;
    stack_system.max_map_count = []() noexcept -> std::size_t { return 65530; };
    stack const s = stack_pool::of(2048 * kib).acquire();
    EXPECT(s.guarded);
    ::dprintf(STDERR_FILENO, "ready\n");
    static_cast<std::byte volatile*>(s.base)[-1] = std::byte{1};
  });
  CHECK_FALSE(result.ended_with(0));
  CHECK(result.err.starts_with("ready\n"));
}

TEST_CASE("a refused mprotect is no guard, and costs no budget") {
  auto const result = in_child([] {
    stack_system.madvise = refuse_guards;
    stack_system.mprotect = [](void*, std::size_t, int) noexcept { return -1; };
    stack_system.max_map_count = []() noexcept -> std::size_t { return 8 * 2000; };
    auto& pool = stack_pool::of(36 * kib);
    for (int i = 0; i != 2000; ++i) EXPECT(!pool.acquire().guarded);
    stack_system.mprotect = ::mprotect;
    EXPECT(pool.acquire().guarded);
    EXPECT(pool.unguarded() == 2000);
  });
  CHECK_MESSAGE(result.ended_with(0), result.err);
  CHECK(result.err.find('\n') == result.err.size() - 1);
}

TEST_CASE("whichever call is refused, a stack is whole or empty, and the pool goes on") {
  bool reached_end = false;
  for (std::size_t n = 1; !reached_end; ++n) {
    CAPTURE(n);
    auto const result = in_child([n] {
      count_calls();
      calls_until_failure = n;
      auto& pool = stack_pool::of(32 * kib);
      std::vector<stack> held;
      for (int i = 0; i != 100; ++i) {
        stack const s = pool.acquire();
        if (!s) continue;
        *(s.top() - 1) = std::byte{1};
        EXPECT(canary_intact(s));
        held.push_back(s);
      }
      EXPECT(held.size() >= 99);
      EXPECT(pool.in_use() == held.size());
      for (stack const& s : held) pool.release(s, true);
      EXPECT(pool.in_use() == 0);
      auto const mapped = pool.mapped();
      for (std::size_t i = 0; i != held.size(); ++i) EXPECT(pool.acquire());
      EXPECT(pool.mapped() == mapped);
      if (calls_until_failure != 0) ::_exit(7);
    });
    reached_end = WIFEXITED(result.status) && WEXITSTATUS(result.status) == 7;
    if (!reached_end) CHECK_MESSAGE(result.ended_with(0), result.err);
    REQUIRE(n < 1000);
  }
}

TEST_CASE("address space used up: no stack, and again one when there is room") {
  auto const result = in_child([] {
    auto& pool = stack_pool::of(1024 * kib);
    stack_system.mmap = [](void*, std::size_t, int, int, int, off_t) noexcept {
      errno = ENOMEM;
      return MAP_FAILED;
    };
    std::vector<stack> rest;  // stacks mapped earlier, if any
    for (stack s = pool.acquire(); s; s = pool.acquire()) rest.push_back(s);
    EXPECT(!pool.acquire());
    EXPECT(pool.in_use() == rest.size());
    // Room for a single stack is enough.
    stack_system.mmap = [](void* at, std::size_t n, int prot, int flags, int fd, off_t offset) noexcept {
      if (n <= 2048 * kib) return ::mmap(at, n, prot, flags, fd, offset);
      errno = ENOMEM;
      return MAP_FAILED;
    };
    EXPECT(pool.acquire());
    EXPECT(pool.acquire());
  });
  CHECK_MESSAGE(result.ended_with(0), result.err);
}

TEST_CASE("cold stacks lose their pages in batches, the oldest first; hot ones keep them") { check_cold_stacks(stack_pool::of(56 * kib)); }

TEST_CASE("where the kernel cannot take a batch in one call, each stack is given back by itself") {
  auto const at_once = std::exchange(stack_system.give_back, [](iovec const*, std::size_t) noexcept { return false; });
  check_cold_stacks(stack_pool::of(48 * kib));
  stack_system.give_back = at_once;
}

TEST_CASE("an address leads to its stack, in use or not, and tells guard from stack") {
  auto& pool = stack_pool::of(272 * kib);
  stack const s = pool.acquire();
  REQUIRE(s);
  for (bool const released : {false, true}) {
    if (released) pool.release(s, false);
    stack found;
    bool in_guard = true;
    for (std::byte* const at : {s.base, s.base + 1, s.base + s.size / 2, s.top() - 1}) {
      REQUIRE(stack_pool::locate(at, found, in_guard));
      CHECK(found.base == s.base);
      CHECK(found.size == s.size);
      CHECK(found.guarded == s.guarded);
      CHECK_FALSE(in_guard);
    }
    for (std::size_t const below : {std::size_t{1}, 4 * kib, 64 * kib}) {
      REQUIRE(stack_pool::locate(s.base - below, found, in_guard));
      CHECK(found.base == s.base);
      CHECK(in_guard);
    }
  }
  stack found;
  bool in_guard = false;
  CHECK_FALSE(stack_pool::locate(&in_guard, found, in_guard));
  CHECK_FALSE(stack_pool::locate(nullptr, found, in_guard));
  CHECK_FALSE(stack_pool::locate(reinterpret_cast<void*>(UINTPTR_MAX), found, in_guard));
}

TEST_CASE("storm: no stack has two owners at once") {
  bool const longer = std::getenv("WEFT_LONG") != nullptr;
  auto const seed = longer ? std::random_device{}() : 20240229u;
  MESSAGE("seed ", seed);
  int const rounds = longer ? 200000 : 5000;
  auto& pool = stack_pool::of(48 * kib);
  std::atomic<std::size_t> mistakes{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t != 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(seed + t);
      std::vector<stack> mine;
      auto const tag = std::byte(t + 1);
      auto const check_and_release = [&](std::size_t i) {
        if (*(mine[i].top() - 1) != tag || *(mine[i].base + 64) != tag || !canary_intact(mine[i])) ++mistakes;
        pool.release(mine[i], random() % 2 == 0);
        mine[i] = mine.back();
        mine.pop_back();
      };
      for (int round = 0; round != rounds; ++round) {
        if (mine.size() < 100 && random() % 2 == 0) {
          stack const s = pool.acquire();
          if (!s) std::abort();
          *(s.top() - 1) = *(s.base + 64) = tag;
          mine.push_back(s);
        } else if (!mine.empty()) {
          check_and_release(random() % mine.size());
        }
      }
      while (!mine.empty()) check_and_release(mine.size() - 1);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(mistakes == 0);
  CHECK(pool.in_use() == 0);
}
