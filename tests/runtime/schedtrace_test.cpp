// WEFT_SCHEDTRACE: what a process says that is asked to, in a child, since the environment is the whole process's.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include <regex.h>

#include "tests/support/child.hpp"
#include "tests/support/shapes.hpp"
#include "tests/support/stderr.hpp"

namespace {

using text = std::function<std::string()>;  // of stderr so far

// body(text) in a process with that value of the variable (null: without). What it writes is its stderr, in the end.
template <class F>
child::outcome traced(char const* value, F body) {
  return child::in_child([&] {
    if (value != nullptr) {
      ::setenv("WEFT_SCHEDTRACE", value, 1);
    } else {
      ::unsetenv("WEFT_SCHEDTRACE");
    }
    std::string said;
    {
      shapes::captured_stderr const err;
      body([&err] { return err.text(); });
      said = err.text();
    }
    std::fputs(said.c_str(), stderr);
  });
}

// POSIX's expressions: at those of <regex> g++ 12 warns in its own headers when it builds for sanitizers.
std::ptrdiff_t lines_about(std::string const& said, std::string const& runtime) {
  auto const form = "^SCHED [0-9]+ms: runtime=" + runtime +
                    " workers=[0-9]+ idle=[0-9]+ stand_ins=[0-9]+ tasks=[0-9]+ suspended=[0-9]+ injected=[0-9]+ steals=[0-9]+"
                    " blocking=[0-9]+ \\[[0-9]+( [0-9]+)*\\]$";
  regex_t line;
  REQUIRE(::regcomp(&line, form.c_str(), REG_EXTENDED | REG_NOSUB) == 0);
  std::istringstream all(said.substr(0, said.rfind('\n') + 1));  // whole lines
  std::ptrdiff_t n = 0;
  for (std::string one; std::getline(all, one);) n += ::regexec(&line, one.c_str(), 0, nullptr, 0) == 0 ? 1 : 0;
  ::regfree(&line);
  return n;
}

bool has_thread() {
  for (auto const& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(thread.path() / "comm"), name);
    if (name == "weft/schedtrace") return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a line each period, of one shape, until the runtime has ended") {
  shapes::for_each_worker_count([](unsigned workers) {
    auto const end = traced("1", [&](text const& said) {
      {
        weft::runtime rt({.workers = workers});
        weft::promise<> gate;
        auto const waits = rt.spawn([f = gate.get_future()] { f.wait(); });
        shapes::until([&] { return lines_about(said(), "weft") >= 3 && said().find(" tasks=1 suspended=1 ") != std::string::npos; });
        gate.set_value();
        waits.get();
      }
      shapes::until([] { return !has_thread(); });
    });
    CHECK(end.ended_with(0));
    CHECK(end.err.starts_with("SCHED "));
    CHECK(std::ranges::count(end.err, '\n') == lines_about(end.err, "weft"));
    CHECK(end.says("workers=" + std::to_string(workers)));
  });
}

TEST_CASE("runtimes side by side have a line each; one that comes after all have gone, too; a name is one word") {
  auto const end = traced("1", [](text const& said) {
    {
      weft::runtime one({.name = "one", .workers = 1}), two({.name = "a second\none", .workers = 2});
      shapes::until([&] { return lines_about(said(), "one") >= 2 && lines_about(said(), "a_second_one") >= 2; });
    }
    weft::runtime three({.name = "three", .workers = 1});
    shapes::until([&] { return lines_about(said(), "three") >= 2; });
  });
  CHECK(end.ended_with(0));
  CHECK(lines_about(end.err, "three") >= 2);
}

TEST_CASE("runtimes that come and go while it is traced") {
  auto const end = traced("1", [](text const&) {
    for (std::uint64_t i = 0; i != storm::rounds(100, 5000); ++i) weft::run({.workers = 1 + static_cast<unsigned>(i % 3)}, [] {});
  });
  CHECK(end.ended_with(0));
}

TEST_CASE("not asked for: no line, no thread") {
  for (char const* const value : {static_cast<char const*>(nullptr), ""}) {
    auto const end = traced(value, [](text const&) {
      weft::run([] {
        if (has_thread()) std::abort();
      });
    });
    CHECK(end.ended_with(0));
    CHECK(end.err.empty());
  }
}

TEST_CASE("a value that makes no sense is told of once and ignored") {
  for (char const* const value : {"0", "-1", "1s", "1000 ", "yes", "86400001", "99999999999999999999"}) {
    CAPTURE(value);
    auto const end = traced(value, [](text const&) {
      for (int i = 0; i != 2; ++i) {
        weft::run([] {
          if (has_thread()) std::abort();
        });
      }
    });
    CHECK(end.ended_with(0));
    CHECK(end.err == std::string("weft: WEFT_SCHEDTRACE='").append(value) + "' is ignored: it takes milliseconds, from 1 to 86400000\n");
  }
}

#if !defined(WEFT_TSAN)  // which does not let a child that comes of several threads have any
TEST_CASE("a forked child has its own trace, of its own runtimes") {
  auto const end = traced("1", [](text const& said) {
    weft::runtime parents({.name = "parents", .workers = 1});
    shapes::until([&] { return lines_about(said(), "parents") >= 1; });
    pid_t const pid = ::fork();
    if (pid == 0) {
      {
        weft::runtime own({.name = "childs", .workers = 1});
        shapes::until([&] { return lines_about(said(), "childs") >= 2; });
      }
      ::_exit(0);
    }
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || status != 0) std::abort();
    auto const n = lines_about(said(), "parents");
    shapes::until([&] { return lines_about(said(), "parents") > n; });
  });
  CHECK(end.ended_with(0));
  CHECK(lines_about(end.err, "childs") >= 2);
}
#endif
