// Tasks that keep their workers to themselves, whatever way they do it, beside tasks that wait for descriptors: those go on.
// None of the hogs ends before the connection has been served, so nothing here is a matter of time.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/io/loopback.hpp"
#include "tests/support/hogs.hpp"

using namespace shapes;

namespace {

constexpr int round_trips = 20;

void echo(weft::tcp_listener& l) {
  auto s = l.accept();
  for (int i = 0; i != round_trips; ++i) s.write_all(loopback::read(s, 4));
}

void ask(weft::address const& server) {
  auto c = weft::tcp_stream::connect(server);
  for (int i = 0; i != round_trips; ++i) {
    c.write_all(std::string("ping"));
    CHECK(loopback::read(c, 4) == "ping");
  }
}

// With each kind of hog: an echo server is a task; f(hog, its address, true once all workers are stuck) begins its client, which lets
// the hogs go; then main and others take all the workers.
template <class F>
void while_all_are_stuck(F&& f) {
  for (unsigned const workers : {2u, 4u}) {  // one alone has no stand-ins
    CAPTURE(workers);
    with_each_hog([&](hog& h) {
      run_on(workers, [&] {
        auto l = loopback::listener();
        auto const server = weft::spawn([&] { echo(l); });
        until([&] { return server.state() == weft::task_state::suspended; });
        std::atomic<unsigned> held = 0;
        auto const hold = [&] {
          ++held;
          h.hold();
        };
        auto const client = f(h, l.local_address(), [&] { return held == workers; });
        std::vector<weft::task<>> others;
        for (unsigned i = 1; i != workers; ++i) others.push_back(weft::spawn(hold));
        hold();
        for (auto& t : others) t.get();
        server.get();
      });
    });
  }
}

}  // namespace

TEST_CASE("all workers are stuck: two tasks connect, read and write") {
  while_all_are_stuck([](hog& h, weft::address const& server, auto const&) {
    return weft::fork([&h, server] {
      ask(server);
      h.let_go();
    });
  });
}

TEST_CASE("all workers are stuck: a client that comes only then is served by a task that waited in accept") {
  while_all_are_stuck([](hog& h, weft::address const& server, auto const& all_stuck) {
    return std::jthread([&h, server, all_stuck] {
      until(all_stuck);
      ask(server);
      h.let_go();
    });
  });
}
