// The reactor by itself, and what busy workers do for those who wait for it.
#include "io/reactor.hpp"

#include <atomic>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;

TEST_CASE("wake() reaches the next wait(), also if somebody polls in between; it is used up by it") {
  weft::detail::reactor r;
  weft::detail::driver_events events;
  r.wake();
  CHECK_FALSE(r.poll());
  r.wait(INT64_MAX, events);  // would wait for ever
  CHECK(events.count == 0);
  r.wait(0, events);
  r.wake();
  r.wake();
  r.wait(INT64_MAX, events);
  CHECK(events.count == 0);
}

TEST_CASE("workers that always have something to run look after descriptors all the same") {
  on_all([] {
    auto [client, server] = connected();
    std::atomic<bool> answered{false};
    auto reader = weft::spawn([&server] { return read(server, 1); });
    auto second = weft::spawn([&] {
      CHECK(reader.get() == "x");
      answered = true;
    });
    until([&] { return reader.state() == weft::task_state::suspended; });
    auto busy = weft::spawn([&] { until([&] { return answered.load(); }); });
    client.write_all("x");
    busy.get();
    second.get();
  });
}

TEST_CASE("so do workers that have plenty to run") {
  on_all([] {
    auto [client, server] = connected();
    std::atomic<bool> over{false};
    std::vector<weft::task<>> busy;
    for (int i = 0; i != 500; ++i) {
      busy.push_back(weft::spawn([&over] {
        while (!over) weft::this_task::yield();
      }));
    }
    auto answering = weft::spawn([&server] {
      for (int i = 0; i != 10; ++i) server.write_all(read(server, 1));
    });
    for (int i = 0; i != 10; ++i) {
      client.write_all("x");
      CHECK(read(client, 1) == "x");
    }
    answering.get();
    over = true;
    for (auto& t : busy) t.get();
  });
}

TEST_CASE("a task whose reads and writes never have to wait lets the others run") {
  on_all([] {
    auto [client, server] = connected();
    auto [other_client, other_server] = connected();
    std::atomic<bool> answered{false};
    auto reader = weft::spawn([&] {
      CHECK(read(other_server, 1) == "x");
      answered = true;
    });
    until([&] { return reader.state() == weft::task_state::suspended; });
    other_client.write_all("x");
    char c = 'y';
    while (!answered) {
      client.write_all(std::span(&c, 1));
      server.read_exact(std::span(&c, 1));
    }
    reader.get();
  });
}
