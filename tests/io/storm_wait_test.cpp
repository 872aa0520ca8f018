// Every wait there is on a descriptor, cancelled or late at any moment, again and again: it ends, and leaves no descriptor, no
// registration and no memory behind.
#include <chrono>
#include <csignal>
#include <functional>
#include <vector>

#include <unistd.h>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;

namespace {

// Connects until nobody takes it up any more; those connections.
template <class Connect>
auto fill_backlog(Connect&& connect) {
  std::vector<decltype(connect())> taken;
  try {
    for (;;) taken.push_back(connect());
  } catch (weft::timeout_error const&) {
  }
  return taken;
}

// Writes until there is no room.
template <class S>
void fill(S& s) {
  std::error_code error;
  s.set_write_deadline(weft::clock::duration::zero());
  while (!error) s.write_all(std::string(100'000, 'x'), error);
  s.set_write_deadline(weft::never);
}

// Should `once` end by itself, because the kernel has found some room, it begins anew.
void storm_of(std::function<void()> const& once) {
  auto const wait = [&once] {
    for (;;) once();
  };
  static auto const seed = storm::seed();
  storm::dice dice(seed);
  auto const first = weft::spawn(wait);  // makes what is made once, and stays: the epoll set, a registration
  until([&] { return first.state() == weft::task_state::suspended; });
  (void)first.cancel();
  first.wait();
  auto const descriptors = open_descriptors();
  auto const registered = registrations();
  std::size_t memory = 0;
  auto const rounds = storm::rounds(300, 100'000);
  for (std::uint64_t i = 0; i != rounds; ++i) {
    if (dice.below(4) == 0) {
      CHECK_THROWS_AS(weft::with_timeout(std::chrono::microseconds(dice.below(60)), wait), weft::timeout_error);
    } else {
      auto const t = weft::spawn(wait);
      for (auto n = dice.below(4); n != 0; --n) weft::this_task::yield();
      (void)t.cancel();
      t.wait();
      REQUIRE(t.cancelled());
    }
    if (i == rounds / 2) memory = storm::resident();
  }
  CHECK(open_descriptors() == descriptors);
  CHECK(registrations() == registered);
  if (!storm::sanitized) CHECK(storm::resident() < memory + storm::mib);
}

}  // namespace

TEST_CASE("storm: TCP: accept, read, read to a delimiter, write, wait_readable") {
  on_all([] {
    auto l = listener();
    storm_of([&] { (void)l.accept(); });
    auto p = connected();
    storm_of([&] {
      char c;
      (void)p.client.read_some(std::span(&c, 1));
    });
    storm_of([&] {
      std::string line;
      (void)p.client.read_until(line, "\n", 100);
    });
    storm_of([&] { weft::wait_readable(p.client.native_handle()); });
    fill(p.server);
    storm_of([&] { p.server.write_all("x"); });
    storm_of([&] { weft::wait_writable(p.server.native_handle()); });
  });
}

TEST_CASE("storm: a connection that nobody takes up") {
  on_all([] {
    weft::tcp_listener l(weft::address::loopback(0), {.backlog = 1});
    auto const taken = fill_backlog([&] { return weft::tcp_stream::connect(l.local_address(), std::chrono::milliseconds(20)); });
    storm_of([&] { (void)weft::tcp_stream::connect(l.local_address()); });
  });
}

TEST_CASE("storm: UDP and Unix sockets: receive, accept, connect") {
  on_all([] {
    weft::udp_socket u(weft::address::loopback(0));
    storm_of([&] {
      char c;
      (void)u.receive(std::span(&c, 1));
    });
    auto const name = "@weft-storm-" + std::to_string(::getpid());
    weft::unix_listener l(name, {.backlog = 1});
    storm_of([&] { (void)l.accept(); });
    auto const taken = fill_backlog([&] { return weft::unix_stream::connect(name, std::chrono::milliseconds(20)); });
    storm_of([&] { (void)weft::unix_stream::connect(name); });
  });
}

TEST_CASE("storm: pipes and signals") {
  on_all([] {
    auto [reader, writer] = weft::pipe();
    storm_of([&in = reader] {
      char c;
      (void)in.read_some(std::span(&c, 1));
    });
    fill(writer);
    storm_of([&out = writer] { out.write_all("x"); });
    weft::signal_set set({SIGUSR1});
    storm_of([&] { (void)set.wait(); });
  });
}
