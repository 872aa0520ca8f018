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

// Main and so many tasks that there is one for each worker, until somebody lets them go.
void hold_all(unsigned workers, hog& h, std::atomic<unsigned>& held) {
  std::vector<weft::task<>> others;
  auto const hold = [&] {
    ++held;
    h.hold();
  };
  for (unsigned i = 1; i != workers; ++i) others.push_back(weft::spawn(hold));
  hold();
  for (auto& t : others) t.get();
}

}  // namespace

TEST_CASE("all workers are stuck: two tasks connect, read and write") {
  for (unsigned const workers : {2u, 4u}) {
    CAPTURE(workers);
    with_each_hog([&](hog& h) {
      run_on(workers, [&] {
        auto l = loopback::listener();
        auto const server = weft::spawn([&] { echo(l); });
        auto const client = weft::spawn([&] {
          ask(l.local_address());
          h.let_go();
        });
        std::atomic<unsigned> held = 0;
        hold_all(workers, h, held);
        client.get();
        server.get();
      });
    });
  }
}

TEST_CASE("all workers are stuck: a client that comes only then is served by a task that waited in accept") {
  for (unsigned const workers : {2u, 4u}) {
    CAPTURE(workers);
    with_each_hog([&](hog& h) {
      run_on(workers, [&] {
        auto l = loopback::listener();
        auto const server = weft::spawn([&] { echo(l); });
        until([&] { return server.state() == weft::task_state::suspended; });
        std::atomic<unsigned> held = 0;
        std::jthread const client([&, to = l.local_address()] {
          until([&] { return held == workers; });
          ask(to);
          h.let_go();
        });
        hold_all(workers, h, held);
        server.get();
      });
    });
  }
}
