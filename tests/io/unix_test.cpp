// Unix sockets: names and files, what comes of them, how the waits end, and a storm.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// A folder of the test's own, while it lives.
struct folder {
  fs::path path = fs::temp_directory_path() / ("weft_unix_test_" + std::to_string(::getpid()));
  folder() { fs::create_directories(path); }
  ~folder() { fs::remove_all(path); }
  [[nodiscard]] std::string operator/(std::string const& name) const { return (path / name).string(); }
};

std::string abstract_name() {
  static std::atomic<int> last{0};
  return "@weft_unix_test_" + std::to_string(::getpid()) + '_' + std::to_string(++last);
}

struct unix_pair {
  weft::unix_stream client, server;
};

unix_pair connected_at(std::string const& name) {
  weft::unix_listener l(name);
  auto client = weft::unix_stream::connect(name);
  return {std::move(client), l.accept()};
}

// What a listener that was killed leaves: the file alone.
void leave_stale(std::string const& path, int type = SOCK_STREAM) {
  int const fd = ::socket(AF_UNIX, type, 0);
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  path.copy(a.sun_path, sizeof a.sun_path - 1);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr const*>(&a), sizeof a) == 0);
  ::close(fd);
}

}  // namespace

TEST_CASE("a path, an abstract name with @ and with 0: both ways, the end, what a stream can") {
  folder const f;
  on_all([&f] {
    for (auto const& name : {f / "socket", abstract_name(), '\0' + abstract_name()}) {
      auto [client, server] = connected_at(name);
      client.write_all("hello\nrest");
      std::string text;
      CHECK(server.read_until(text, "\n", 100) == 6);
      server.write_all("back");
      server.shutdown_write();
      CHECK(read_all(client) == "back");
      client.close();
      CHECK(read_all(server).empty());
      CHECK_FALSE(fs::exists(f / "socket"));
    }
  });
}

TEST_CASE("a pair; who the other side is") {
  on_all([] {
    auto [a, b] = weft::unix_stream::pair();
    auto writing = weft::spawn([&w = a] {
      w.write_all(std::string(1'000'000, 'x'));
      w.close();
    });
    CHECK(read_all(b) == std::string(1'000'000, 'x'));
    writing.get();
    auto const who = b.peer_credentials();
    CHECK(who.process == ::getpid());
    CHECK(who.user == ::geteuid());
    CHECK(who.group == ::getegid());
    CHECK(error_of([&s = a] { (void)s.peer_credentials(); }) == std::errc::bad_file_descriptor);
    CHECK(error_of([&s = b] { s.write_all("nobody reads"); }) == std::errc::broken_pipe);
  });
}

TEST_CASE("names that are none: too long, empty, a 0 in a path; one of the longest") {
  folder const f;
  on_all([&f] {
    std::string const longest = '@' + std::string(106, 'x');
    CHECK(connected_at(longest).server.is_open());
    for (auto const& name : {longest + 'x', f / std::string(120, 'y')}) {
      auto const text = message_of<std::system_error>([&] { weft::unix_listener const l(name); });
      CHECK(text.find(name) != std::string::npos);
      CHECK(text.find("the longest may have 107") != std::string::npos);
      CHECK(error_of([&] { (void)weft::unix_stream::connect(name); }) == std::errc::filename_too_long);
    }
    CHECK_THROWS_AS(weft::unix_listener(""), std::invalid_argument);
    CHECK_THROWS_AS((void)weft::unix_stream::connect(std::string("a\0b", 3)), std::invalid_argument);
    CHECK(error_of([&] { (void)weft::unix_stream::connect(f / "nothing"); }) == std::errc::no_such_file_or_directory);
    CHECK(error_of([] { (void)weft::unix_stream::connect("@nobody of the name"); }) == std::errc::connection_refused);
    CHECK(error_of([&] { weft::unix_listener(f / "no such/socket"); }) == std::errc::no_such_file_or_directory);
  });
}

TEST_CASE("the file that an earlier run has left is replaced; a living listener's, another's, or a plain file is not") {
  folder const f;
  on_all([&f] {
    auto const path = f / "socket";
    leave_stale(path);
    CHECK(error_of([&] { (void)weft::unix_stream::connect(path); }) == std::errc::connection_refused);
    weft::unix_listen_options keep;
    keep.replace_stale = false;
    CHECK(error_of([&] { weft::unix_listener(path, keep); }) == std::errc::address_in_use);
    {
      weft::unix_listener alive(path);
      CHECK(error_of([&] { weft::unix_listener(path, {}); }) == std::errc::address_in_use);
      CHECK(alive.accept().is_open());  // that was the probe
      auto client = weft::unix_stream::connect(path);
      CHECK(alive.accept().is_open());
    }
    CHECK_FALSE(fs::exists(path));
    std::ofstream(path) << "dear data";
    CHECK(error_of([&] { weft::unix_listener(path, {}); }) == std::errc::address_in_use);
    CHECK(fs::file_size(path) == 9);
    fs::remove(path);
  });
}

TEST_CASE("a listener's end removes its file, and no other that has its name by now") {
  folder const f;
  on_all([&f] {
    auto const path = f / "socket";
    weft::unix_listener first(path);
    auto moved = std::move(first);
    first.close();
    CHECK(fs::exists(path));
    fs::remove(path);
    weft::unix_listener second(path);
    moved = weft::unix_listener();
    CHECK(fs::exists(path));
    auto client = weft::unix_stream::connect(path);
    CHECK(second.accept().is_open());
    second.close();
    second.close();
    CHECK_FALSE(fs::exists(path));
    CHECK_FALSE(second.is_open());
  });
}

TEST_CASE("IO1 deadline, cancellation and close() of who accepts; deadlines of who reads") {
  on_all([] {
    auto const before = open_descriptors();
    auto const name = abstract_name();
    weft::unix_listener l(name);
    std::error_code error;
    CHECK_THROWS_AS((void)l.accept(1ms), weft::timeout_error);
    CHECK_FALSE(l.accept(1ms, error).is_open());
    CHECK(error == std::errc::timed_out);
    auto const lost = weft::spawn([&l] { (void)l.accept(); });
    until([&] { return lost.state() == weft::task_state::suspended; });
    (void)lost.cancel();
    lost.wait();
    CHECK(lost.cancelled());
    auto client = weft::unix_stream::connect(name);
    auto server = l.accept();
    server.set_read_deadline(1ms);
    CHECK_THROWS_AS((void)read(server, 1), weft::timeout_error);
    server.set_deadline(weft::never);
    auto waiting = weft::spawn([&l] { return error_of([&l] { (void)l.accept(); }); });
    auto reading = weft::spawn([&server] { return error_of([&server] { (void)read(server, 1); }); });
    until([&] { return waiting.state() == weft::task_state::suspended && reading.state() == weft::task_state::suspended; });
    l.close();
    server.close();
    CHECK(waiting.get() == std::errc::operation_canceled);
    CHECK(reading.get() == std::errc::operation_canceled);
    CHECK(registrations() == 1);  // the reactor's own eventfd
    CHECK(open_descriptors() == before + 3);  // the reactor's two, and the client
  });
}

TEST_CASE("a full backlog: who connects tries until there is room, until its deadline, until it is cancelled") {
  on_all([] {
    auto const name = abstract_name();
    weft::unix_listen_options few;
    few.backlog = 1;
    weft::unix_listener l(name, few);
    std::vector<weft::unix_stream> clients;
    for (;;) {
      try {
        clients.push_back(weft::unix_stream::connect(name, 0ms));
      } catch (weft::timeout_error const&) {
        break;
      }
    }
    CHECK(clients.size() == 2);
    CHECK_THROWS_AS((void)weft::unix_stream::connect(name, 2ms), weft::timeout_error);
    auto const lost = weft::spawn([&name] { (void)weft::unix_stream::connect(name); });
    until([&] { return lost.state() == weft::task_state::suspended; });
    (void)lost.cancel();
    lost.wait();
    CHECK(lost.cancelled());
    auto late = weft::spawn([&name] { return weft::unix_stream::connect(name); });
    until([&] { return late.state() == weft::task_state::suspended; });
    CHECK(l.accept().is_open());
    CHECK(std::move(late).get().is_open());
  });
}

TEST_CASE("a peer that passes descriptors: reads end there, and what is behind them is read without a new event") {
  on_all([] {
    auto [a, b] = weft::unix_stream::pair();
    char nothing[10];
    b.set_read_deadline(1ms);
    CHECK_THROWS_AS((void)b.read_some(nothing), weft::timeout_error);  // it is watched
    b.set_deadline(weft::never);
    char text[] = "abc";
    iovec part{text, 3};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr m{};
    m.msg_iov = &part;
    m.msg_iovlen = 1;
    m.msg_control = control;
    m.msg_controllen = sizeof control;
    auto* const c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    int const passed = STDERR_FILENO;
    std::copy_n(reinterpret_cast<char const*>(&passed), sizeof passed, reinterpret_cast<char*>(CMSG_DATA(c)));
    REQUIRE(::sendmsg(a.native_handle(), &m, 0) == 3);
    a.write_all("def");
    b.set_read_deadline(10s);
    CHECK(read(b, 6) == "abcdef");
  });
}

TEST_CASE("Unix sockets on plain threads") {
  auto const name = abstract_name();
  weft::unix_listener l(name);
  std::thread client([&name] {
    auto s = weft::unix_stream::connect(name);
    s.write_all("from a thread");
    CHECK(read_all(s).empty());
  });
  auto server = l.accept();
  CHECK(read(server, 13) == "from a thread");
  server.close();
  client.join();
  CHECK_THROWS_AS((void)l.accept(1ms), weft::timeout_error);
}

TEST_CASE("storm: connections through a small backlog, reads that time out and are cancelled; all comes back in order") {
  auto const seed = storm::seed();
  auto const before = open_descriptors();
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [&] {
      auto const name = abstract_name();
      weft::unix_listen_options few;
      few.backlog = 2;
      weft::unix_listener l(name, few);
      auto server = weft::spawn([&l] {
        weft::with_group([&l](weft::task_group& g) {
          for (std::error_code error;;) {
            auto s = l.accept(weft::never, error);
            if (error == std::errc::operation_canceled) return;
            REQUIRE_FALSE(error);
            g.spawn([s = std::move(s)]() mutable {
              char some[64];
              while (auto const n = s.read_some(some)) s.write_all(std::span(some, n));
            });
          }
        });
      });
      auto const rounds = storm::rounds(20, 1000);
      std::vector<weft::task<std::size_t>> clients;
      for (std::uint64_t c = 0; c != 8; ++c) {
        clients.push_back(weft::spawn([&name, rounds, seed, c] {
          storm::dice dice(seed + c);
          std::size_t all = 0;
          for (std::uint64_t i = 0; i != rounds; ++i) {
            auto s = weft::unix_stream::connect(name);
            std::string sent(1 + dice.below(1000), '\0'), got;
            for (auto& x : sent) x = static_cast<char>('a' + dice.below(26));
            s.write_all(sent);
            s.shutdown_write();
            for (std::error_code error; !error || error == std::errc::timed_out;) {
              char some[50];
              s.set_read_deadline(dice.below(2) == 0 ? weft::deadline(weft::never) : std::chrono::microseconds(dice.below(20)));
              if (dice.below(4) == 0) {
                auto waiting = weft::spawn([&s] { weft::wait_readable(s.native_handle()); });
                (void)waiting.cancel();
                waiting.wait();
              }
              auto const n = s.read_some(some, error);
              got.append(some, n);
              if (!error && n == 0) break;
            }
            CHECK(got == sent);
            all += got.size();
          }
          return all;
        }));
      }
      std::size_t all = 0;
      for (auto& t : clients) all += t.get();
      CHECK(all > 0);
      l.close();
      server.get();
    });
    CHECK(open_descriptors() == before);
  });
}
