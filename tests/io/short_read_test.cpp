// Reads that got less than they asked for: the next one waits for an event, unless the last one told of more than bytes.
#include <sys/socket.h>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;

namespace {

// Reads while `send` sends to it: it has to wait first, then gets all at once.
template <class Send>
std::string all_of(weft::tcp_stream& client, weft::tcp_stream& server, Send send) {
  auto reading = weft::spawn([&server] { return read_all(server); });
  until([&] { return reading.state() == weft::task_state::suspended; });
  send(client);
  return reading.get();
}

}  // namespace

TEST_CASE("IO3 bytes and the end in one event: the end is seen") {
  on_all([] {
    for (int i = 0; i != 20; ++i) {
      auto [client, server] = connected();
      CHECK(all_of(client, server, [](weft::tcp_stream& s) {
              s.write_all("abc");
              s.shutdown_write();
            }) == "abc");
    }
  });
}

TEST_CASE("IO3 bytes and the end before the first read") {
  on_all([] {
    auto [client, server] = connected();
    client.write_all("abc");
    client.shutdown_write();
    CHECK(read_all(server) == "abc");
    char c;
    CHECK(server.read_some(std::span(&c, 1)) == 0);
  });
}

TEST_CASE("urgent data parts the bytes: those behind it are read") {
  on_all([] {
    auto [client, server] = connected();
    auto reading = weft::spawn([&server] { return read(server, 4); });
    until([&] { return reading.state() == weft::task_state::suspended; });
    CHECK(::send(client.native_handle(), "ab", 2, MSG_NOSIGNAL) == 2);
    CHECK(::send(client.native_handle(), "!", 1, MSG_NOSIGNAL | MSG_OOB) == 1);
    CHECK(::send(client.native_handle(), "cd", 2, MSG_NOSIGNAL) == 2);
    CHECK(reading.get() == "abcd");  // the connection stays open: no end comes to its help
  });
}

TEST_CASE("in parts: each is read when it comes, by tasks and threads, one after the other") {
  on_all([] {
    auto [client, server] = connected();
    for (int i = 0; i != 50; ++i) {
      client.write_all("a");
      char some[10];
      CHECK(server.read_some(some) == 1);
      client.write_all("bc");
      CHECK(weft::run_blocking([&server, &some] { return server.read_some(some); }).get() == 2);
      client.write_all("def");
      CHECK(read(server, 2) == "de");
      CHECK(server.read_some(some) == 1);
    }
  });
}
