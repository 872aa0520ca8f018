// Datagrams: whole or not at all, to whom and from whom, how the waits end, and a storm.
#include <array>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;

namespace {

weft::udp_socket bound() { return weft::udp_socket(weft::address::loopback(0)); }

struct udp_pair {
  weft::udp_socket a = bound(), b = bound();
  udp_pair() {
    a.connect(b.local_address());
    b.connect(a.local_address());
  }
};

std::string received(weft::udp_socket& s) {
  std::string text(100, '\0');
  text.resize(s.receive(text));
  return text;
}

// Whether a task that runs f, waits in it and is cancelled then, ends so.
template <class F>
bool cancelled_in(F f) {
  auto const t = weft::spawn(f);
  until([&t] { return t.state() == weft::task_state::suspended; });
  (void)t.cancel();
  t.wait();
  return t.cancelled();
}

}  // namespace

TEST_CASE("datagrams: each as it was sent, and from whom; empty ones, too") {
  on_all([] {
    auto a = bound(), b = bound();
    a.send_to(b.local_address(), "one");
    a.send_to(b.local_address(), "");
    a.send_to(b.local_address(), std::string(2000, 'x'));
    std::string text(3000, '\0');
    weft::address from;
    CHECK(b.receive_from(text, from) == 3);
    CHECK(text.substr(0, 3) == "one");
    CHECK(from == a.local_address());
    CHECK(b.receive_from(text, from) == 0);
    CHECK(b.receive_from(text, from) == 2000);
    b.send_to(from, "back");
    std::error_code error = std::make_error_code(std::errc::io_error);
    CHECK(a.receive_from(text, from, error) == 4);
    CHECK_FALSE(error);
    CHECK(from == b.local_address());
  });
}

TEST_CASE("who receives waits until there is one, and others run meanwhile") {
  on_all([] {
    udp_pair p;
    auto echo = weft::spawn([&p] {
      for (int i = 0; i != 20; ++i) p.b.send(received(p.b));
    });
    for (int i = 0; i != 20; ++i) {
      p.a.send(std::to_string(i));
      CHECK(received(p.a) == std::to_string(i));
    }
    echo.get();
  });
}

TEST_CASE("connected: from the other one only; again: to another") {
  on_all([] {
    udp_pair p;
    auto stranger = bound();
    stranger.send_to(p.b.local_address(), "not to be seen");
    p.a.send("seen");
    CHECK(received(p.b) == "seen");
    CHECK(p.a.peer_address() == p.b.local_address());
    p.b.connect(stranger.local_address());
    stranger.send_to(p.b.local_address(), "now");
    CHECK(received(p.b) == "now");
    CHECK(error_of([&stranger] { stranger.send("to whom?"); }) == std::errc::destination_address_required);
    CHECK(error_of([&stranger] { (void)stranger.peer_address(); }) == std::errc::not_connected);
  });
}

TEST_CASE("longer than there is room for: told, with the beginning of it; the next one is whole") {
  on_all([] {
    udp_pair p;
    std::array<char, 4> four{};
    p.a.send("12345");
    CHECK(message_of<std::length_error>([&] { (void)p.b.receive(four); }) == "weft: received a datagram of 5 bytes, with room for 4");
    CHECK(std::string(four.data(), 4) == "1234");
    p.a.send("abcdefgh");
    p.a.send("next");
    std::error_code error;
    weft::address from;
    CHECK(p.b.receive_from(four, from, error) == 4);
    CHECK(error == std::errc::message_size);
    CHECK(from == p.a.local_address());
    CHECK(std::string(four.data(), 4) == "abcd");
    CHECK(p.b.receive(four, error) == 4);
    CHECK_FALSE(error);
    CHECK(std::string(four.data(), 4) == "next");
    std::string const too_long(70'000, 'x');
    CHECK(error_of([&] { p.a.send(too_long); }) == std::errc::message_size);
    p.a.send_to(p.b.local_address(), too_long, error);
    CHECK(error == std::errc::message_size);
  });
}

TEST_CASE("a deadline of a socket: timeout_error, std::errc::timed_out; it goes on") {
  on_all([] {
    udp_pair p;
    std::array<char, 8> some{};
    p.b.set_read_deadline(1ms);
    CHECK_THROWS_AS((void)p.b.receive(some), weft::timeout_error);
    std::error_code error;
    CHECK(p.b.receive(some, error) == 0);
    CHECK(error == std::errc::timed_out);
    p.a.send("x");
    CHECK(received(p.b) == "x");  // what is there needs no time
    p.b.set_deadline(weft::never);
    CHECK_THROWS_AS((void)weft::with_timeout(100us, [&] { return p.b.receive(some); }), weft::timeout_error);
    p.a.send("y");
    CHECK(received(p.b) == "y");
  });
}

TEST_CASE("C23 cancelled while it receives: `cancelled` in both forms; the socket goes on, and nothing is left") {
  on_all([] {
    udp_pair p;
    std::array<char, 8> some{};
    weft::address from;
    std::error_code error;
    auto const before = open_descriptors();
    CHECK(cancelled_in([&] { (void)p.b.receive(some); }));
    CHECK(cancelled_in([&] { (void)p.b.receive_from(some, from, error); }));
    CHECK(registrations() == 2);  // the reactor's own eventfd, and the socket
    CHECK(open_descriptors() == before + 2);
    p.a.send("z");
    CHECK(received(p.b) == "z");
  });
}

TEST_CASE("IO1 close() from another task: who receives gets operation_canceled, and so does who comes later") {
  on_all([] {
    udp_pair p;
    std::vector<weft::task<std::error_code>> all;
    for (int i = 0; i != 3; ++i) all.push_back(weft::spawn([&p] { return error_of([&p] { (void)received(p.b); }); }));
    for (auto const& t : all) until([&t] { return t.state() == weft::task_state::suspended; });
    p.b.close();
    p.b.close();
    for (auto& t : all) CHECK(t.get() == std::errc::operation_canceled);
    std::error_code error;
    p.b.send("x", error);
    CHECK(error == std::errc::operation_canceled);
    CHECK_FALSE(p.b.is_open());
    CHECK(p.b.native_handle() == -1);
    CHECK(error_of([&p] { (void)p.b.local_address(); }) == std::errc::bad_file_descriptor);
    CHECK(error_of([&p] { p.b.connect(p.a.local_address()); }) == std::errc::bad_file_descriptor);
    weft::udp_socket none;
    CHECK(error_of([&none] { (void)received(none); }) == std::errc::operation_canceled);
    none = std::move(p.a);
    CHECK(none.is_open());
    CHECK_FALSE(p.a.is_open());
  });
}

TEST_CASE("nobody there: connection_refused, and who waits is told; an address that is taken or not ours") {
  on_all([] {
    auto a = bound();
    auto gone = bound();
    auto const address = gone.local_address();
    gone = weft::udp_socket();
    a.connect(address);
    auto waiting = weft::spawn([&a] { return error_of([&a] { (void)received(a); }); });
    until([&] { return waiting.state() == weft::task_state::suspended; });
    a.send("anybody?");
    CHECK(waiting.get() == std::errc::connection_refused);
    CHECK(a.is_open());
    CHECK(error_of([&a] { weft::udp_socket(a.local_address()); }) == std::errc::address_in_use);
    CHECK(error_of([] { weft::udp_socket(weft::address::parse("192.0.2.1:0")); }) == std::errc::address_not_available);
  });
}

TEST_CASE("many wait for one socket: each datagram goes to one of them, none is left lying") {
  on_all([] {
    udp_pair p;
    std::vector<weft::task<int>> all;
    for (int i = 0; i != 20; ++i) all.push_back(weft::spawn([&p] { return std::stoi(received(p.b)); }));
    for (auto const& t : all) until([&t] { return t.state() == weft::task_state::suspended; });
    for (int i = 0; i != 20; ++i) p.a.send(std::to_string(i));
    int sum = 0;
    for (auto& t : all) sum += t.get();
    CHECK(sum == 190);
  });
}

TEST_CASE("who sends faster than the kernel takes waits; the other end of a pair of Unix datagram sockets") {
  on_all([] {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    weft::udp_socket a(ends[0]), b(ends[1]), again(::dup(ends[0]));  // a deadline reaches all who wait on a's descriptor
    constexpr int n = 500;  // more than the queue of such a socket holds
    auto sender = weft::spawn([&a] {
      for (int i = 0; i != n; ++i) a.send(std::to_string(i));
    });
    until([&] { return sender.state() == weft::task_state::suspended; });
    auto const late = weft::spawn([&again] {
      again.set_write_deadline(1ms);
      return error_of([&again] {
        std::error_code error;
        again.send("no room", error);
        throw std::system_error(error);
      });
    });
    CHECK(late.get() == std::errc::timed_out);
    for (int i = 0; i != n; ++i) CHECK(received(b) == std::to_string(i));
    sender.get();
  });
}

TEST_CASE("datagrams on plain threads") {
  udp_pair p;
  std::thread echo([&p] { p.b.send(received(p.b)); });
  p.a.send("from a thread");
  CHECK(received(p.a) == "from a thread");
  echo.join();
  p.a.set_read_deadline(1ms);
  CHECK_THROWS_AS((void)received(p.a), weft::timeout_error);
  p.a.set_deadline(weft::never);
  std::thread reader([&p] { CHECK(error_of([&p] { (void)received(p.a); }) == std::errc::operation_canceled); });
  std::this_thread::yield();
  p.a.close();
  reader.join();
}

TEST_CASE("IPv6, several sockets on one port") {
  on_all([] {
    weft::udp_options shared;
    shared.reuse_port = true;
    weft::udp_socket const one(weft::address::loopback(0), shared);
    weft::udp_socket const two(one.local_address(), shared);
    CHECK(one.local_address() == two.local_address());
    try {
      weft::udp_socket a(weft::address::parse("[::1]:0")), b(weft::address::parse("[::1]:0"));
      a.send_to(b.local_address(), "six");
      CHECK(received(b) == "six");
    } catch (std::system_error const& e) {
      CHECK(e.code() == std::errc::address_not_available);  // a machine without
    }
  });
}

// The kernel may drop datagrams it has no room for, so each sender waits for an answer: then all that were sent are there.
TEST_CASE("storm: clients, servers of one socket, cancellations and deadlines between; each question is answered once") {
  auto const seed = storm::seed();
  auto const before = open_descriptors();
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [&] {
      auto served = bound();
      auto const at = served.local_address();
      std::atomic<std::uint64_t> answers{0};
      std::vector<weft::task<>> servers, clients;
      for (int i = 0; i != 3; ++i) {
        servers.push_back(weft::spawn([&] {
          std::array<char, 64> some{};
          for (std::error_code error;;) {
            weft::address from;
            auto const n = served.receive_from(some, from, error);
            if (error == std::errc::operation_canceled) return;
            REQUIRE_FALSE(error);
            ++answers;
            served.send_to(from, std::span(some.data(), n));
          }
        }));
      }
      auto const rounds = storm::rounds(500, 20'000);
      for (std::uint64_t c = 0; c != 8; ++c) {
        clients.push_back(weft::spawn([&, c] {
          storm::dice dice(seed + c);
          auto s = bound();
          s.connect(at);
          for (std::uint64_t i = 0; i != rounds; ++i) {
            auto const question = std::to_string(c) + ' ' + std::to_string(i);
            s.send(question);
            if (dice.below(3) == 0) {  // a wait that ends in another way takes nothing with it
              auto waiting = weft::spawn([&s] { weft::wait_readable(s.native_handle()); });
              if (dice.below(2) == 0) weft::this_task::yield();
              (void)waiting.cancel();
              waiting.wait();
            }
            if (dice.below(3) == 0) {
              std::array<char, 64> some{};
              std::error_code error;
              s.set_read_deadline(std::chrono::microseconds(dice.below(20)));
              auto const n = s.receive(some, error);
              s.set_read_deadline(weft::never);
              if (!error) {
                CHECK(std::string(some.data(), n) == question);
                continue;
              }
              REQUIRE(error == std::errc::timed_out);
            }
            CHECK(received(s) == question);
          }
        }));
      }
      for (auto& t : clients) t.get();
      served.close();
      for (auto& t : servers) t.get();
      CHECK(answers == 8 * rounds);
    });
    CHECK(open_descriptors() == before);
  });
}
