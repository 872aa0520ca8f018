// wait_readable and wait_writable on other people's descriptors; addresses and names.
#include <atomic>
#include <chrono>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;

namespace {

struct pipe_ends {
  int in, out;
  pipe_ends() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
    in = ends[0];
    out = ends[1];
  }
  ~pipe_ends() {
    ::close(in);
    ::close(out);
  }
};

bool take(int fd) {
  char c;
  return ::read(fd, &c, 1) == 1;
}

}  // namespace

TEST_CASE("a pipe: readable when something has been written, writable when there is room again") {
  on_all([] {
    pipe_ends p;
    for (int i = 0; i != 10; ++i) {
      auto writer = weft::spawn([&] { CHECK(::write(p.out, "x", 1) == 1); });
      weft::wait_readable(p.in);
      CHECK(take(p.in));
      writer.get();
    }
    while (::write(p.out, "xxxxxxxx", 8) > 0) {
    }
    auto reader = weft::spawn([&] {
      for (int i = 0; i != 70'000 && take(p.in); ++i) {
      }
    });
    weft::wait_writable(p.out);
    CHECK(::write(p.out, "y", 1) == 1);
    reader.get();
  });
}

TEST_CASE("either: whichever is ready first, and which it is") {
  on_all([] {
    auto [client, server] = weft::unix_stream::pair();
    int const fd = client.native_handle();
    auto ready = weft::wait_ready(fd);
    CHECK(ready.writable);
    CHECK_FALSE(ready.readable);
    server.write_all("x");
    ready = weft::wait_ready(fd);
    CHECK(ready.writable);
    CHECK(ready.readable);
    CHECK(read(client, 1) == "x");

    auto const fill = [&] {
      std::error_code error;
      client.set_write_deadline(0s);
      while (!error) (void)client.write_some(std::string(100'000, 'x'), error);
    };
    auto const waiting = [fd] { return weft::spawn([fd] { return weft::wait_ready(fd); }); };
    for (int i = 0; i != 5; ++i) {
      fill();
      auto const to_read = waiting();
      until([&] { return to_read.state() == weft::task_state::suspended; });
      server.write_all("x");
      CHECK(to_read.get().readable);
      CHECK_FALSE(to_read.get().writable);
      CHECK(read(client, 1) == "x");

      auto const to_write = waiting();
      until([&] { return to_write.state() == weft::task_state::suspended; });
      std::string some(1'000'000, '\0');
      while (!to_write.done()) {
        std::error_code error;
        server.set_read_deadline(0s);
        (void)server.read_some(some, error);
        weft::this_task::yield();
      }
      CHECK(to_write.get().writable);
      CHECK_FALSE(to_write.get().readable);
    }
    auto const before = open_descriptors();
    fill();
    CHECK_THROWS_AS(weft::wait_ready(fd, 10us), weft::timeout_error);
    auto const cancelled = waiting();
    weft::this_task::yield();
    (void)cancelled.cancel();
    cancelled.wait();
    CHECK(cancelled.cancelled());
    auto const to_end = waiting();
    server.close();
    CHECK(to_end.get().readable);
    CHECK(to_end.get().writable);
    CHECK(open_descriptors() == before - 1);
    CHECK(error_of([] { weft::wait_ready(-1); }) == std::errc::bad_file_descriptor);
  });
}

TEST_CASE("storm: both directions become ready at once, again and again, for several who wait for either") {
  auto const seed = storm::seed();
  auto const rounds = storm::rounds(500, 50'000);
  on_all([&] {
    auto const before = registrations();
    {
      auto [near, far] = weft::unix_stream::pair();
      int const fd = near.native_handle();
      std::atomic<std::uint64_t> read_bytes{0}, ended{0};
      std::vector<weft::task<>> waiters;
      for (std::uint64_t k = 0; k != 3; ++k) {
        waiters.push_back(weft::spawn([&, k] {
          storm::dice dice(seed + k);
          char some[7];
          for (;;) {
            try {
              (void)weft::wait_ready(fd, dice.below(3) == 0 ? weft::deadline(std::chrono::microseconds(dice.below(50))) : weft::deadline(weft::never));
            } catch (weft::timeout_error const&) {
              continue;
            }
            auto const n = ::recv(fd, some, sizeof some, MSG_DONTWAIT);
            if (n == 0) break;
            if (n > 0) read_bytes += static_cast<std::uint64_t>(n);
            while (::send(fd, some, sizeof some, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
            }
          }
          ++ended;
        }));
      }
      storm::dice dice(seed);
      std::uint64_t written = 0;
      std::string drain(1'000'000, '\0');
      for (std::uint64_t i = 0; i != rounds; ++i) {
        auto const n = dice.below(20);
        far.write_all(std::string(n, 'y'));
        written += n;
        if (dice.below(4) != 0) continue;
        std::error_code error;
        far.set_read_deadline(0s);
        (void)far.read_some(drain, error);
      }
      far.shutdown_write();
      for (auto& t : waiters) t.get();
      CHECK(read_bytes == written);
      CHECK(ended == 3);
    }
    CHECK(registrations() <= before + 1);  // the reactor's own eventfd
  });
}

TEST_CASE("many tasks wait for one descriptor; its end wakes all") {
  on_all([] {
    auto p = std::make_unique<pipe_ends>();
    std::vector<weft::task<>> all;
    weft::latch begun(20);
    for (int i = 0; i != 20; ++i) {
      all.push_back(weft::spawn([&] {
        begun.count_down();
        weft::wait_readable(p->in);
      }));
    }
    begun.wait();
    CHECK(::write(p->out, "x", 1) == 1);
    for (auto& t : all) t.get();
  });
}

TEST_CASE("deadlines, cancellation; nothing stays open") {
  run_on(2, [] {
    pipe_ends p;
    CHECK_THROWS_AS(weft::wait_readable(p.in, 1ms), weft::timeout_error);
    auto const before = open_descriptors();
    for (int i = 0; i != 50; ++i) {
      CHECK_THROWS_AS(weft::wait_readable(p.in, 10us), weft::timeout_error);
      auto const t = weft::spawn([&] { weft::wait_readable(p.in); });
      weft::this_task::yield();
      (void)t.cancel();
      t.wait();
      CHECK(t.cancelled());
    }
    CHECK(open_descriptors() == before);
    CHECK(registrations() == 1);  // the reactor's own eventfd
    weft::wait_writable(p.out, 0ms);
    CHECK_THROWS_AS(weft::wait_readable(p.in, 0ms), weft::timeout_error);
  });
}

TEST_CASE("what is no descriptor, and a regular file") {
  on_all([] {
    CHECK(error_of([] { weft::wait_readable(-1); }) == std::errc::bad_file_descriptor);
    int const file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    weft::wait_readable(file);
    ::close(file);
    CHECK(error_of([file] { weft::wait_readable(file); }) == std::errc::bad_file_descriptor);
  });
}

TEST_CASE("a stream's own descriptor, while the stream is read, too") {
  on_all([] {
    auto [client, server] = connected();
    auto reader = weft::spawn([&server] { return read(server, 2); });
    auto watcher = weft::spawn([&server] { weft::wait_writable(server.native_handle()); });
    watcher.get();
    client.write_all("ab");
    CHECK(reader.get() == "ab");
    auto second = weft::spawn([&server] { weft::wait_readable(server.native_handle()); });
    client.write_all("c");
    second.get();
    CHECK(read(server, 1) == "c");
  });
}

TEST_CASE("the other way round: the stream is first waited for by who does not read it") {
  on_all([] {
    auto [client, server] = connected();
    weft::event begun;
    auto const watcher = weft::spawn([&server, &begun] {
      begun.set();
      weft::wait_readable(server.native_handle());
    });
    begun.wait();
    weft::this_task::yield();
    auto reader = weft::spawn([&server] { return read(server, 2); });
    weft::this_task::yield();
    (void)watcher.cancel();
    watcher.wait();
    client.write_all("ab");
    CHECK(reader.get() == "ab");
  });
}

TEST_CASE("copies of one descriptor, one stream after the other, under the same number") {
  on_all([] {
    auto [client, server] = connected();
    int const original = ::dup(server.native_handle());
    server = weft::tcp_stream();
    for (int i = 0; i != 3; ++i) {
      weft::tcp_stream copy(::dup(original));
      auto reader = weft::spawn([&copy] { return read(copy, 1); });
      weft::this_task::yield();
      client.write_all("x");
      CHECK(reader.get() == "x");
    }
    ::close(original);
  });
}

TEST_CASE("plain threads") {
  pipe_ends p;
  CHECK_THROWS_AS(weft::wait_readable(p.in, 1ms), weft::timeout_error);
  CHECK(::write(p.out, "x", 1) == 1);
  weft::wait_readable(p.in);
  CHECK(error_of([] { weft::wait_writable(-1); }) == std::errc::bad_file_descriptor);
}

TEST_CASE("addresses: parsed, shown, compared") {
  for (auto const* const text : {"127.0.0.1:80", "[::1]:65535", "[::]:0", "0.0.0.0:0", "[2001:db8::5]:443"}) {
    CAPTURE(text);
    CHECK(weft::address::parse(text).to_string() == text);
    CHECK(weft::address::parse(text) == weft::address::parse(text));
  }
  CHECK(weft::address::parse("[0:0::0:1]:7").to_string() == "[::1]:7");
  CHECK(weft::address::loopback(7) == weft::address::parse("127.0.0.1:7"));
  CHECK(weft::address::any(7).to_string() == "0.0.0.0:7");
  CHECK_FALSE(weft::address::loopback(7) == weft::address::loopback(8));
  CHECK_FALSE(weft::address::parse("[::1]:7") == weft::address::loopback(7));
  CHECK(weft::address::parse("[::1]:7").port() == 7);
  CHECK(weft::address().to_string() == "0.0.0.0:0");
  for (auto const* const text : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x", "::1:80", "[::1]80",
                                 "localhost:80", "[::1:80", "1.2.3:80", "[fe80::1%nowhere]:80"}) {
    CAPTURE(text);
    CHECK(message_of<std::invalid_argument>([&] { (void)weft::address::parse(text); }).find(text) != std::string::npos);
  }
}

TEST_CASE("IO4 names: resolved on the blocking pool, connected to by whichever address answers") {
  on_all([] {
    auto const found = weft::resolve("localhost", 80);
    REQUIRE_FALSE(found.empty());
    for (auto const& a : found) CHECK(a.port() == 80);
    auto l = listener();
    auto accepting = weft::spawn([&] { return l.accept(); });
    auto client = weft::tcp_stream::connect("localhost", l.local_address().port(), 10s);
    auto server = std::move(accepting).get();
    client.write_all("x");
    CHECK(read(server, 1) == "x");
    auto const error = error_of([] { (void)weft::resolve("no such host", 80); });
    CHECK(&error.category() == &weft::resolver_category());
  });
}
