// The overflow report: what it says, to whom the fault goes next, installing and removing.
#include "scheduler/overflow.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <climits>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>

#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scheduler/sanitizers.hpp"
#include "scheduler/stack.hpp"
#include "tests/support/child.hpp"

using namespace weft::detail;

namespace {

using child::in_child;

constexpr std::size_t kib = 1024;

bool died(child::outcome const& o) { return !o.ended_with(0) && !o.ended_with(42) && !o.ended_with(99); }

void* described = nullptr;

void describe_it(void* base, char* out, std::size_t n) noexcept {
  described = base;
  std::snprintf(out, n, "task 'deep' (id 7, spawned at f.cpp:12)");
}

void touch_guard(stack const& s) { static_cast<std::byte volatile*>(s.base)[-8] = std::byte{1}; }

// Not a tail call, and nothing for the optimiser to fold.
int recurse(int volatile* depth) {  // NOLINT(misc-no-recursion)
  char volatile frame[512];
  frame[0] = static_cast<char>(*depth);
  *depth = *depth + 1;
  return *depth == INT_MAX ? 0 : recurse(depth) + frame[0] + *depth;
}

// Runs off the end of a pool's stack, as a fiber would; a plain thread is enough to stand on it.
void* overflow_for_real(void*) {
  alternate_stack const alternate;
  int volatile depth = 0;
  return recurse(&depth) != 0 ? nullptr : &described;
}

void say(char const* text) {
  [[maybe_unused]] auto const n = ::write(STDERR_FILENO, text, std::strlen(text));
}

void install(void (*handler)(int), int flags = 0) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(SIGSEGV, &action, nullptr);
}

void (*current())(int) {
  struct sigaction now {};
  ::sigaction(SIGSEGV, nullptr, &now);
  return now.sa_handler;
}

sigjmp_buf back;

}  // namespace

TEST_CASE("a task that runs off its stack is named, with the size and what to do, and the process dies") {
  auto const result = in_child([] {
    stack const s = stack_pool::of(256 * kib).acquire();
    install_overflow_handler(describe_it);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (pthread_attr_setstack(&attributes, s.base, s.size) != 0) ::_exit(99);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, overflow_for_real, nullptr) != 0) ::_exit(99);
    pthread_join(thread, nullptr);
  });
  CHECK(died(result));
  auto const size = std::to_string(stack_pool::of(256 * kib).acquire().size / kib);
  auto const expected = "weft: stack overflow in task 'deep' (id 7, spawned at f.cpp:12): stack of " + size +
                        " KiB exhausted; give it more with task_options::stack_size or "
                        "runtime_options::stack_size\n";
  CHECK_MESSAGE(result.err.starts_with(expected), result.err);
#if !defined(WEFT_ASAN) && !defined(WEFT_TSAN)
  CHECK(WIFSIGNALED(result.status));
#endif
}

TEST_CASE("without a description it is still reported") {
  auto const result = in_child([] {
    alternate_stack const alternate;
    install_overflow_handler(nullptr);
    touch_guard(stack_pool::of(64 * kib).acquire());
  });
  CHECK(died(result));
  CHECK(result.says("weft: stack overflow in a task: stack of "));
}

TEST_CASE("the description gets the stack it is about") {
  auto const result = in_child([] {
    alternate_stack const alternate;
    install([](int) { ::_exit(42); });
    install_overflow_handler([](void* base, char* out, std::size_t n) noexcept {
      stack s;
      bool in_guard = true;
      bool const known = stack_pool::locate(base, s, in_guard);
      std::snprintf(out, n, known && !in_guard && s.base == base ? "the right one" : "another one");
    });
    auto& pool = stack_pool::of(64 * kib);
    (void)pool.acquire();
    touch_guard(pool.acquire());
  });
  CHECK(result.ended_with(42));
  CHECK(result.says("in the right one:"));
}

TEST_CASE("an endless description is cut") {
  auto const result = in_child([] {
    alternate_stack const alternate;
    install_overflow_handler([](void*, char* out, std::size_t n) noexcept { std::memset(out, 'x', n); });
    touch_guard(stack_pool::of(64 * kib).acquire());
  });
  CHECK(died(result));
  CHECK(result.says("xxx: stack of "));
  CHECK(result.says("runtime_options::stack_size\n"));
}

TEST_CASE("the previous handler gets the fault after the report") {
  SUBCASE("a plain one") {
    auto const result = in_child([] {
      alternate_stack const alternate;
      install([](int signal) {
        say(signal == SIGSEGV ? "theirs\n" : "wrong\n");
        ::_exit(42);
      });
      install_overflow_handler(describe_it);
      touch_guard(stack_pool::of(256 * kib).acquire());
    });
    CHECK(result.ended_with(42));
    CHECK(result.says("runtime_options::stack_size\ntheirs\n"));
  }
  SUBCASE("one with the address, and it may jump out again and again") {
    auto const result = in_child([] {
      alternate_stack const alternate;
      struct sigaction action {};
      action.sa_flags = SA_SIGINFO | SA_ONSTACK;
      action.sa_sigaction = [](int, siginfo_t* info, void* context) {
        bool const right = info->si_addr == static_cast<std::byte*>(described) - 8 && context != nullptr;
        say(right ? "theirs\n" : "wrong\n");
        siglongjmp(back, 1);
      };
      ::sigaction(SIGSEGV, &action, nullptr);
      install_overflow_handler(describe_it);
      int volatile faults = 0;
      if (sigsetjmp(back, 1) != 0) faults = faults + 1;
      if (faults != 3) touch_guard(stack_pool::of(256 * kib).acquire());
      ::_exit(42);
    });
    CHECK(result.ended_with(42));
    CHECK(result.says("theirs\nweft: stack overflow in task 'deep'"));
    CHECK_FALSE(result.says("wrong"));
  }
  SUBCASE("one that wants a single call") {
    auto const result = in_child([] {
      alternate_stack const alternate;
      install([](int) { say("theirs\n"); }, static_cast<int>(SA_RESETHAND));
      install_overflow_handler(describe_it);
      touch_guard(stack_pool::of(256 * kib).acquire());
    });
    CHECK(died(result));
    CHECK(result.err.find("theirs\n") == result.err.rfind("theirs\n"));
    CHECK(result.says("theirs\n"));
  }
}

TEST_CASE("any other fault goes straight to the previous handler") {
  auto const fault_elsewhere = [] {
    alternate_stack const alternate;
    install_overflow_handler(describe_it);
    (void)stack_pool::of(256 * kib).acquire();
    int* volatile nowhere = reinterpret_cast<int*>(16);
    *static_cast<int volatile*>(nowhere) = 1;
  };
  auto const by_default = in_child(fault_elsewhere);
  CHECK(died(by_default));
  CHECK_FALSE(by_default.says("weft:"));
  auto const handled = in_child([&] {
    install([](int) { ::_exit(42); });
    fault_elsewhere();
  });
  CHECK(handled.ended_with(42));
  CHECK_FALSE(handled.says("weft:"));
}

TEST_CASE("a fault within the usable part of a stack is no overflow") {
  auto const result = in_child([] {
    alternate_stack const alternate;
    install_overflow_handler(describe_it);
    stack const s = stack_pool::of(256 * kib).acquire();
    if (::mprotect(s.base, s.size, PROT_NONE) != 0) ::_exit(99);
    *static_cast<std::byte volatile*>(s.base) = std::byte{1};
  });
  CHECK(died(result));
  CHECK_FALSE(result.says("weft:"));
}

TEST_CASE("a sent signal is no fault: it kills, is ignored or is handled as before") {
  auto const killed = in_child([] {
    install_overflow_handler(describe_it);
    ::kill(::getpid(), SIGSEGV);
  });
  CHECK(died(killed));
  CHECK_FALSE(killed.says("weft:"));
  auto const with_address = in_child([] {  // what a sender puts where a fault has its address
    install_overflow_handler(describe_it);
    siginfo_t info{};
    info.si_signo = SIGSEGV;
    info.si_code = SI_QUEUE;
    info.si_addr = stack_pool::of(256 * kib).acquire().base - 8;
    ::syscall(SYS_rt_sigqueueinfo, ::getpid(), SIGSEGV, &info);
  });
  CHECK(died(with_address));
  CHECK_FALSE(with_address.says("weft:"));
  auto const ignored = in_child([] {
    ::signal(SIGSEGV, SIG_IGN);
    install_overflow_handler(describe_it);
    ::kill(::getpid(), SIGSEGV);
    ::_exit(42);
  });
  CHECK(ignored.ended_with(42));
}

TEST_CASE("the handler keeps errno for a previous one that repairs the fault") {
  auto const result = in_child([] {
    install([](int) { errno = EBADF; });
    install_overflow_handler(describe_it);
    errno = 0;
    ::raise(SIGSEGV);
    ::_exit(errno == 0 ? 42 : 99);
  });
  CHECK(result.ended_with(42));
}

TEST_CASE("the last to remove restores the previous action") {
  auto const result = in_child([] {
    auto const theirs = [](int) {};
    install(theirs);
    install_overflow_handler(describe_it);
    install_overflow_handler(describe_it);
    if (current() == +theirs) ::_exit(1);
    remove_overflow_handler();
    if (current() == +theirs) ::_exit(2);
    remove_overflow_handler();
    if (current() != +theirs) ::_exit(3);
    install_overflow_handler(describe_it);
    if (current() == +theirs) ::_exit(4);
    remove_overflow_handler();
    ::_exit(current() == +theirs ? 42 : 5);
  });
  CHECK(result.ended_with(42));
}

TEST_CASE("an action installed over ours is left alone, and the two never call each other for ever") {
  auto const result = in_child([] {
    alternate_stack const alternate;
    install_overflow_handler(describe_it);
    struct sigaction previous {};
    ::sigaction(SIGSEGV, nullptr, &previous);
    static auto const chained = previous.sa_sigaction;
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    action.sa_sigaction = [](int signal, siginfo_t* info, void* context) {
      say("theirs\n");
      chained(signal, info, context);
    };
    ::sigaction(SIGSEGV, &action, nullptr);
    auto const theirs = current();
    remove_overflow_handler();
    if (current() != theirs) ::_exit(99);
    install_overflow_handler(describe_it);
    if (current() != theirs) ::_exit(99);
    touch_guard(stack_pool::of(256 * kib).acquire());
  });
  CHECK(died(result));
  CHECK_MESSAGE(result.err.starts_with("theirs\nweft: stack overflow in task 'deep'"), result.err);

  auto const theirs_gone = in_child([] {
    install_overflow_handler(describe_it);
    auto const mine = current();
    install([](int) {});
    remove_overflow_handler();
    install(SIG_DFL);
    install_overflow_handler(describe_it);
    ::_exit(current() == mine ? 42 : 99);
  });
  CHECK(theirs_gone.ended_with(42));
}

TEST_CASE("an alternate stack gives way to the previous one") {
  stack_t before{};
  stack_t during{};
  stack_t nested{};
  stack_t after{};
  ::sigaltstack(nullptr, &before);
  {
    alternate_stack const outer;
    ::sigaltstack(nullptr, &during);
    {
      alternate_stack const inner;
      ::sigaltstack(nullptr, &nested);
    }
    ::sigaltstack(nullptr, &after);
    CHECK(after.ss_sp == during.ss_sp);
  }
  ::sigaltstack(nullptr, &after);
  CHECK(during.ss_size >= 64 * kib);
  CHECK(during.ss_sp != before.ss_sp);
  CHECK(nested.ss_sp != during.ss_sp);
  CHECK(after.ss_sp == before.ss_sp);
  CHECK(after.ss_flags == before.ss_flags);
}
