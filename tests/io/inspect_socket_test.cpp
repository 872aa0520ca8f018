// inspect_socket: what it answers, what it refuses, and that no client does it harm.
#include <chrono>
#include <filesystem>
#include <locale>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// A place for the socket, while it lives.
struct place {
  fs::path folder = fs::temp_directory_path() / ("weft_inspect_socket_test_" + std::to_string(::getpid()));
  std::string path = folder / "socket";
  place() { fs::create_directories(folder); }
  ~place() { fs::remove_all(folder); }
};

// All that comes, however it ends.
std::string rest_of(weft::stream& s) {
  std::string all;
  std::error_code failed;
  for (char some[10'000];;) {
    auto const n = s.read_some(some, failed);
    if (failed || n == 0) return all;
    all.append(some, n);
  }
}

// Nothing: no answer.
std::string ask(std::string const& path, std::string const& request) {
  std::error_code failed;
  auto s = weft::unix_stream::connect(path);
  s.write_all(request, failed);
  return rest_of(s);
}

bool has(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }
bool is_refusal(std::string const& text) { return text.starts_with("{\"error\":\"") && text.ends_with("\"}\n"); }

}  // namespace

TEST_CASE("inspect_socket: each request has its answer") {
  place const at;
  on_all([&at] {
    weft::inspect_socket const socket(at.path);
    weft::event gate;
    auto const waits = weft::fork([&gate] {
      weft::this_task::set_name("waits \"here\"");
      gate.wait();
    });
    until([&] { return has(ask(at.path, "tasks\n"), "\"waits_for\":\"an event\""); });
    auto const tasks = ask(at.path, "tasks\n");
    CHECK(tasks.starts_with("{\"format\":1,\"runtime\":\"weft\",\"tasks\":["));
    CHECK(has(tasks, "\"name\":\"waits \\\"here\\\"\""));
    CHECK(has(ask(at.path, "dump\n"), "waits \"here\""));
    CHECK(has(ask(at.path, "metrics\n"), "# TYPE weft_"));
    CHECK(ask(at.path, "loads 1000\n").starts_with("{\"format\":1,\"workers\":"));
    weft::this_task::yield();
    CHECK(has(ask(at.path, "loads 3600000\n"), "{\"name\":\"inspect_socket\",\"slices\":"));
    CHECK(has(ask(at.path, "trace\n"), "\"traceEvents\""));
    gate.set();
  });
}

TEST_CASE("inspect_socket: numbers are numbers in whatever locale the program has set") {
  struct in_groups : std::numpunct<char> {
    char do_thousands_sep() const override { return '~'; }
    std::string do_grouping() const override { return "\1"; }
  };
  place const at;
  auto const before = std::locale::global(std::locale(std::locale::classic(), new in_groups));
  on_all([&at] {
    weft::inspect_socket const socket(at.path);
    for (auto const* request : {"loads 0\n", "tasks\n", "metrics\n", "loads 3600000\n", "trace\n"}) CHECK_FALSE(has(ask(at.path, request), "~"));
  });
  std::locale::global(before);
}

TEST_CASE("inspect_socket: what is no request is refused, with the reason") {
  place const at;
  on_all([&at] {
    weft::inspect_socket const socket(at.path);
    for (std::string const bad : {"", "task", "tasks ", "TASKS", "loads", "loads ", "loads x", "loads -1", "loads 1 2", "loads 99999999999",
                                  "\"\\\x01", "GET / HTTP/1.1\r"}) {
      auto const answer = ask(at.path, bad + '\n');
      CHECK(is_refusal(answer));
      CHECK(has(answer, "there are: tasks, dump, metrics, loads MILLISECONDS, trace"));
    }
    CHECK(ask(at.path, std::string(1000, 'x')) == "{\"error\":\"the request is too long\"}\n");
    CHECK(ask(at.path, std::string(100'000, '\0') + '\n') == "{\"error\":\"the request is too long\"}\n");
    CHECK(has(ask(at.path, "metrics\nmore than that"), "# TYPE weft_"));
    CHECK(has(ask(at.path, "metrics\n"), "# TYPE weft_"));
  });
}

TEST_CASE("inspect_socket: clients that go away midway") {
  place const at;
  on_all([&at] {
    weft::inspect_socket const socket(at.path);
    for (int i = 0; i != 20; ++i) {
      (void)weft::unix_stream::connect(at.path);
      weft::unix_stream::connect(at.path).write_all("tas");
      weft::unix_stream::connect(at.path).write_all("trace\n");
      auto half = weft::unix_stream::connect(at.path);
      half.write_all("tasks");
      half.shutdown_write();
      CHECK(rest_of(half).empty());
    }
    CHECK(has(ask(at.path, "metrics\n"), "# TYPE weft_"));
  });
}

TEST_CASE("inspect_socket: who neither asks nor reads is let go") {
  place const at;
  on_all([&at] {
    weft::this_task::set_name(std::string(4'000'000, 'x'));  // more than the kernel takes for a client that does not read
    weft::inspect_socket const socket(at.path, {.connections = 1, .patience = 1ms});
    auto silent = weft::unix_stream::connect(at.path);
    CHECK(rest_of(silent).empty());
    auto deaf = weft::unix_stream::connect(at.path);
    std::error_code let_go_already;
    deaf.write_all("tasks\n", let_go_already);
    // The next one may be too slow for such patience, too.
    until([&] { return has(ask(at.path, "metrics\n"), "# TYPE weft_"); });
  });
}

TEST_CASE("inspect_socket: many clients at once, more than it has connections for, and some that are silent") {
  place const at;
  on_all([&at] {
    weft::inspect_socket const socket(at.path, {.connections = 2});
    auto silent = weft::unix_stream::connect(at.path);
    weft::with_group([&at](weft::task_group& g) {
      for (int i = 0; i != 50; ++i) {
        g.spawn([&at] { CHECK(ask(at.path, "tasks\n").ends_with("}\n")); });
      }
    });
  });
}

TEST_CASE("inspect_socket: the file is its user's alone, and goes with it") {
  place const at;
  auto const before = ::umask(0);
  on_all([&at] {
    {
      weft::inspect_socket const socket(at.path);
      struct stat s {};
      REQUIRE(::stat(at.path.c_str(), &s) == 0);
      CHECK((s.st_mode & 07777) == 0600);
      CHECK(error_of([&] { weft::inspect_socket const second(at.path); }) == std::errc::address_in_use);
      CHECK(has(ask(at.path, "metrics\n"), "# TYPE weft_"));
    }
    CHECK_FALSE(fs::exists(at.path));
    CHECK(error_of([&] { (void)weft::unix_stream::connect(at.path); }) == std::errc::no_such_file_or_directory);
  });
  ::umask(before);
}

TEST_CASE("inspect_socket: it ends while clients are connected, and when its task has been cancelled") {
  place const at;
  on_all([&at] {
    weft::unix_stream silent;
    {
      weft::inspect_socket const socket(at.path);
      silent = weft::unix_stream::connect(at.path);
    }
    CHECK(rest_of(silent).empty());

    auto cancelled = weft::spawn([&at] {
      weft::inspect_socket const socket(at.path);
      weft::this_task::sleep_for(weft::never);
    });
    until([&at] { return fs::exists(at.path); });
    cancelled.cancel();
    cancelled.wait();
    CHECK_FALSE(fs::exists(at.path));
  });
}

TEST_CASE("inspect_socket: of a runtime, from a plain thread; elsewhere there is none") {
  place const at;
  for_each_worker_count([&at](unsigned workers) {
    weft::runtime rt({.name = "another", .workers = workers});
    weft::inspect_socket const socket(rt, at.path);
    CHECK(has(ask(at.path, "tasks\n"), "\"runtime\":\"another\""));
  });
  CHECK_THROWS_AS(weft::inspect_socket{at.path}, weft::no_runtime_error);
  CHECK_FALSE(fs::exists(at.path));
  weft::run([&at] {
    CHECK_THROWS_AS((weft::inspect_socket{at.path, {.connections = 0}}), std::invalid_argument);
    CHECK_THROWS_AS(weft::inspect_socket{""}, std::invalid_argument);
  });
}
