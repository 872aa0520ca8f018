// wait_readable and wait_writable on other people's descriptors; addresses and names.
#include <chrono>
#include <fstream>

#include <fcntl.h>
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
