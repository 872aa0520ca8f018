// What a program says by itself when its environment asks for it. In children: the environment is read once.
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>

#include "tests/support/child.hpp"
#include "tests/support/shapes.hpp"

namespace {

// Makes stderr a pipe, and reads what comes.
class told {
 public:
  told() {
    if (::pipe(ends_) != 0) std::abort();
    ::dup2(ends_[1], STDERR_FILENO);
  }
  // What has come since the last time, up to and with that.
  std::string until(std::string const& what) {
    char some[512];
    auto at = text_.find(what);
    for (; at == text_.npos; at = text_.find(what)) {
      auto const n = ::read(ends_[0], some, sizeof some);
      if (n > 0) text_.append(some, static_cast<std::size_t>(n));
    }
    auto const heard = text_.substr(0, at + what.size());
    text_.erase(0, heard.size());
    return heard;
  }

 private:
  int ends_[2];
  std::string text_;
};

bool has(std::string const& text, std::string const& what) { return text.find(what) != std::string::npos; }

}  // namespace

TEST_CASE("WEFT_DUMP_SIGNAL: the signal that it names writes a dump with stacks, again and again, and ends nothing") {
  shapes::for_each_worker_count([](unsigned workers) {
    auto const result = child::in_child([&] {
      ::setenv("WEFT_DUMP_SIGNAL", workers == 1 ? "QUIT" : workers == 2 ? "SIGQUIT" : "3", 1);
      told err;
      weft::runtime rt({.name = "dumped", .workers = workers});
      weft::event go;
      auto const t = rt.spawn({.name = "sleepy"}, [&] { go.wait(); });
      shapes::until([&] { return t.state() == weft::task_state::suspended; });
      for (int i = 0; i != 2; ++i) {
        ::raise(SIGQUIT);
        auto const text = err.until("for an event\n");
        if (!has(text, "runtime 'dumped', 1 task") || !has(text, "sleepy (id ")) ::_exit(3);
      }
      go.set();
      t.get();
    });
    CHECK(result.ended_with(0));
  });
}

TEST_CASE("WEFT_DUMP_SIGNAL that names none is said so, and ignored") {
  auto const result = child::in_child([] {
    ::setenv("WEFT_DUMP_SIGNAL", "NONSENSE", 1);
    weft::run({.workers = 1}, [] {});
  });
  CHECK(result.ended_with(0));
  CHECK(result.says("WEFT_DUMP_SIGNAL=NONSENSE names no signal that can be caught"));
}

TEST_CASE("WEFT_DEBUG=1: a runtime that has come to rest over a deadlock says so; without it nothing is said") {
  shapes::for_each_worker_count([](unsigned workers) {
    auto const deadlock = [workers](auto&& then) {
      weft::runtime rt({.workers = workers});
      weft::mutex a, b;
      weft::latch both(2);
      auto const lock = [&both](weft::mutex& one, weft::mutex& other) {
        std::lock_guard const first{one};
        both.arrive_and_wait();
        std::lock_guard const second{other};
      };
      auto const x = rt.spawn({.name = "left"}, [&] { lock(a, b); });
      auto const y = rt.spawn({.name = "right"}, [&] { lock(b, a); });
      then(x, y);
      (void)x.cancel();
      (void)y.cancel();
      x.wait();
      y.wait();
    };
    auto const on = child::in_child([&] {
      ::setenv("WEFT_DEBUG", "1", 1);
      told err;
      deadlock([&](auto&, auto&) {
        auto text = err.until("deadlock of 2 tasks, each of which waits for the next:\n");
        text += err.until("  right (id ");  // each with its stack
        text += err.until("  waits for a mutex: left (id ");
        (void)err.until("\n      at ");
        for (auto const* part : {"weft: runtime 'weft' has come to rest over a deadlock:\n", "  left (id ", "  waits for a mutex: right (id ", "\n      at "}) {
          if (!has(text, part)) ::_exit(3);
        }
      });
    });
    CHECK(on.ended_with(0));
    auto const off = child::in_child([&] {
      ::unsetenv("WEFT_DEBUG");
      deadlock([](auto& x, auto& y) {
        shapes::until([&] { return x.state() == weft::task_state::suspended && y.state() == weft::task_state::suspended; });
      });
    });
    CHECK(off.ended_with(0));
    CHECK(off.err.empty());
  });
}
