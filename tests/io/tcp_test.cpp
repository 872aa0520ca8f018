// TCP streams: what they transfer, how they end, and what they throw.
#include <array>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include <sys/socket.h>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;

TEST_CASE("both ways: what one writes the other reads, text and bytes alike") {
  on_all([] {
    auto [client, server] = connected();
    client.write_all("hello\n");
    CHECK(read(server, 6) == "hello\n");
    std::array<std::byte, 3> const raw{std::byte{1}, std::byte{0}, std::byte{255}};
    CHECK(server.write_some(raw) == 3);
    std::array<std::byte, 3> got{};
    client.read_exact(got);
    CHECK(got == raw);
    CHECK(client.peer_address() == server.local_address());
    CHECK(server.peer_address() == client.local_address());
    CHECK(client.is_open());
    CHECK(client.native_handle() >= 0);
  });
}

TEST_CASE("more than the kernel keeps: the writer waits for the reader, nothing is lost") {
  on_all([] {
    auto [client, server] = connected();
    constexpr std::size_t size = 3'000'000;
    std::vector<unsigned char> all(size);
    for (std::size_t i = 0; i != size; ++i) all[i] = static_cast<unsigned char>(i * 7 + i / 251);
    auto writing = weft::spawn([&all, &client] {
      client.write_all(all);
      client.shutdown_write();
    });
    std::vector<unsigned char> got;
    std::array<unsigned char, 5000> some;
    while (auto const n = server.read_some(some)) got.insert(got.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(got == all);
    writing.get();
  });
}

TEST_CASE("IO3 the end of the stream: read_some gives 0, the others say how far they came") {
  on_all([] {
    auto [client, server] = connected();
    client.write_all("abc");
    client.shutdown_write();
    char five[5];
    try {
      server.read_exact(five);
      FAIL("there are but three");
    } catch (weft::eof_error const& e) {
      CHECK(e.transferred() == 3);
    }
    CHECK(server.read_some(five) == 0);
    std::error_code error;
    CHECK(server.read_exact(five, error) == 0);
    CHECK(error == weft::io_errc::end_of_stream);
    CHECK(server.read_some(five, error) == 0);
    CHECK_FALSE(error);
    server.write_all("back");  // half closed: the other way is open
    CHECK(read(client, 4) == "back");
    CHECK(server.read_some(std::span<char>()) == 0);
  });
}

TEST_CASE("read_until: up to the delimiter, the rest stays for the next") {
  on_all([] {
    auto [client, server] = connected();
    auto writing = weft::spawn([&client] {
      for (std::string_view const part : {"one\r", "\ntwo\r\nthr", "ee\r\nrest"}) {
        client.write_all(part);
        weft::this_task::yield();
      }
      client.shutdown_write();
    });
    std::string text;
    for (std::string_view const line : {"one", "two", "three"}) {
      auto const n = server.read_until(text, "\r\n", 1000);
      CHECK(text.substr(0, n) == std::string(line) + "\r\n");
      text.erase(0, n);
    }
    try {
      (void)server.read_until(text, "\r\n", 1000);
      FAIL("no more delimiters");
    } catch (weft::eof_error const& e) {
      CHECK(e.transferred() == 4);
      CHECK(text == "rest");
    }
    std::error_code error;
    CHECK(server.read_until(text, "\r\n", 1000, error) == 0);
    CHECK(error == weft::io_errc::end_of_stream);
    writing.get();
  });
}

TEST_CASE("IO3 read_until: not within the limit, an empty delimiter") {
  on_all([] {
    auto [client, server] = connected();
    client.write_all(std::string(500, 'x') + "\n");
    std::string text;
    CHECK_THROWS_AS((void)server.read_until(text, "\n", 500), std::length_error);
    CHECK(text == std::string(500, 'x'));
    std::error_code error;
    CHECK(server.read_until(text, "\n", 500, error) == 0);
    CHECK(error == std::errc::message_size);
    CHECK(server.read_until(text, "\n", 501) == 501);
    CHECK_THROWS_AS((void)server.read_until(text, "", 1000), std::invalid_argument);
  });
}

TEST_CASE("a deadline: timeout_error, std::errc::timed_out; the stream goes on") {
  on_all([] {
    auto [client, server] = connected();
    char c;
    auto const one = std::span(&c, 1);
    server.set_read_deadline(1ms);
    CHECK_THROWS_AS((void)server.read_some(one), weft::timeout_error);
    std::error_code error;
    CHECK(server.read_exact(one, error) == 0);
    CHECK(error == std::errc::timed_out);
    client.write_all("!");
    server.set_deadline(weft::never);
    CHECK(read(server, 1) == "!");
    client.write_all("?");
    server.set_deadline(0ms);
    weft::wait_readable(server.native_handle());
    CHECK(server.read_some(one) == 1);  // what is there needs no time
    std::vector<char> const much(10'000'000);
    client.set_write_deadline(1ms);
    CHECK_THROWS_AS(client.write_all(much), weft::timeout_error);
  });
}

TEST_CASE("with_timeout around a read; the wait leaves nothing behind") {
  on_all([] {
    auto [client, server] = connected();
    char c;
    auto const one = std::span(&c, 1);
    for (int i = 0; i != 20; ++i) CHECK_THROWS_AS((void)weft::with_timeout(100us, [&] { return server.read_some(one); }), weft::timeout_error);
    client.write_all("!");
    CHECK(weft::with_timeout(10s, [&] { return server.read_some(one); }) == 1);
  });
}

TEST_CASE("C23 cancelled while it reads, accepts, connects: `cancelled` in both forms, and nothing is closed") {
  on_all([] {
    auto [client, server] = connected();
    auto waiting = listener();
    char c;
    auto const one = std::span(&c, 1);
    std::error_code error;
    auto const cancelled_in = [](auto f) {
      weft::event begun;
      auto const t = weft::spawn([&] {
        begun.set();
        f();
      });
      begun.wait();
      (void)t.cancel();
      t.wait();
      return t.cancelled();
    };
    CHECK(cancelled_in([&] { (void)server.read_some(one); }));
    CHECK(cancelled_in([&] { (void)server.read_some(one, error); }));
    CHECK(cancelled_in([&] { (void)waiting.accept(); }));
    CHECK(cancelled_in([&] { weft::wait_readable(server.native_handle()); }));
    client.write_all("!");
    CHECK(read(server, 1) == "!");
    auto const late = weft::tcp_stream::connect(waiting.local_address());
    CHECK(waiting.accept().is_open());
  });
}

TEST_CASE("IO2 a second reader at once gets a logic_error, and no data is mixed") {
  on_all([] {
    auto [client, server] = connected();
    weft::event begun;
    auto first = weft::spawn([&server, &begun] {
      begun.set();
      return read(server, 6);
    });
    begun.wait();
    client.write_all("abc");
    char c;
    std::error_code error;
    until([&] {  // once it is in its call
      try {
        return server.read_some(std::span(&c, 0)) != 0 || first.state() == weft::task_state::suspended;
      } catch (std::logic_error const&) {
        return true;
      }
    });
    CHECK_THROWS_AS((void)server.read_some(std::span(&c, 1)), std::logic_error);
    CHECK_THROWS_AS((void)server.read_exact(std::span(&c, 1), error), std::logic_error);
    server.write_all("while it reads");  // the other direction is free
    CHECK(read(client, 14) == "while it reads");
    client.write_all("def");
    CHECK(first.get() == "abcdef");
  });
}

TEST_CASE("IO1 close() from another task: who waits gets operation_canceled, and so does who comes later") {
  on_all([] {
    auto [client, server] = connected();
    auto waiting = listener();
    auto reader = weft::spawn([&server] { return error_of([&] { (void)read(server, 1); }); });
    auto acceptor = weft::spawn([&waiting] { return error_of([&] { (void)waiting.accept(); }); });
    auto second = weft::spawn([&waiting] {
      std::error_code error;
      (void)waiting.accept(weft::never, error);
      return error;
    });
    weft::this_task::yield();
    server.close();
    server.close();
    waiting.close();
    CHECK(reader.get() == std::errc::operation_canceled);
    CHECK(acceptor.get() == std::errc::operation_canceled);
    CHECK(second.get() == std::errc::operation_canceled);
    CHECK(error_of([&server] { server.write_all("x"); }) == std::errc::operation_canceled);
    CHECK_FALSE(server.is_open());
    CHECK(server.native_handle() == -1);
    CHECK(read_all(client).empty());
    CHECK(error_of([&server] { (void)server.local_address(); }) == std::errc::bad_file_descriptor);
  });
}

TEST_CASE("an empty stream and an empty listener: errors, no crash") {
  on_all([] {
    weft::tcp_stream none;
    weft::tcp_listener nobody;
    CHECK(error_of([&] { none.write_all("x"); }) == std::errc::operation_canceled);
    CHECK(error_of([&] { (void)nobody.accept(); }) == std::errc::operation_canceled);
    CHECK(error_of([&] { (void)none.peer_address(); }) == std::errc::bad_file_descriptor);
    none.close();
    nobody.close();
    none.set_deadline(1s);
    auto [client, server] = connected();
    none = std::move(client);
    none.write_all("moved");
    CHECK(read(server, 5) == "moved");
    none = weft::tcp_stream();
    CHECK(read_all(server).empty());
  });
}

TEST_CASE("a peer that resets; nobody who listens; writing to who has gone: errors, and no signal") {
  on_all([] {
    auto [client, server] = connected();
    linger const at_once{1, 0};
    ::setsockopt(client.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    auto reader = weft::spawn([&server] { return error_of([&] { (void)read(server, 1); }); });
    client = weft::tcp_stream();
    CHECK(reader.get() == std::errc::connection_reset);
    auto const write_on = [&server] {
      for (;;) server.write_all("x");
    };
    CHECK(error_of(write_on) == std::errc::broken_pipe);

    auto gone = listener();
    auto const address = gone.local_address();
    gone = weft::tcp_listener();
    CHECK(error_of([&] { (void)weft::tcp_stream::connect(address); }) == std::errc::connection_refused);
    CHECK(error_of([&] { weft::tcp_listener(weft::address::parse("192.0.2.1:1")); }) == std::errc::address_not_available);
  });
}

TEST_CASE("a deadline reaches what waits already: one that has passed ends it, a later one lets it go on") {
  on_all([] {
    auto [client, server] = connected();
    auto const reading = [&server] {
      return weft::spawn([&server] {
        char c = 0;
        std::error_code error;
        (void)server.read_some(std::span(&c, 1), error);
        return error;
      });
    };
    auto const waits = [](auto const& t) { return t.state() == weft::task_state::suspended; };
    for (weft::deadline const before : {weft::deadline(weft::never), weft::deadline(1h)}) {
      server.set_read_deadline(before);
      auto const late = reading();
      until([&] { return waits(late); });
      server.set_read_deadline(0s);
      CHECK(late.get() == std::errc::timed_out);

      server.set_read_deadline(before);
      auto const in_time = reading();
      until([&] { return waits(in_time); });
      server.set_read_deadline(2h);
      std::thread([&s = server] { s.set_deadline(weft::never); }).join();
      client.write_all("x");
      CHECK(!in_time.get());
    }
    auto const begin = weft::clock::now();
    server.set_read_deadline(begin + 5ms);
    auto const longer = reading();
    until([&] { return waits(longer); });
    server.set_read_deadline(weft::never);
    bool const before_it_passed = weft::clock::now() < begin + 5ms;
    weft::this_task::sleep_until(begin + 10ms);
    if (before_it_passed) CHECK_FALSE(longer.done());
    client.write_all("x");
    longer.wait();
    if (before_it_passed) CHECK(!longer.get());

    client.set_write_deadline(1h);
    auto const writing = weft::spawn([&client] {
      std::error_code error;
      client.write_all(std::string(10'000'000, 'x'), error);
      return error;
    });
    until([&] { return waits(writing); });
    client.set_write_deadline(-1s);
    CHECK(writing.get() == std::errc::timed_out);
  });
}

TEST_CASE("storm: deadlines set while another task is just about to wait: each ends its wait, once") {
  auto const seed = storm::seed();
  auto const rounds = storm::rounds(3'000, 300'000);
  on_all([&] {
    auto [client, server] = connected();
    weft::semaphore go(0), late(0);
    auto const reader = weft::spawn([&, &s = server] {
      char c = 0;
      std::error_code error;
      for (std::uint64_t i = 0; i != rounds; ++i) {
        go.acquire();
        (void)s.read_some(std::span(&c, 1), error);
        CHECK(error == std::errc::timed_out);
        late.release();
      }
    });
    storm::dice dice(seed);
    for (std::uint64_t i = 0; i != rounds; ++i) {
      server.set_read_deadline(weft::never);
      go.release();
      for (auto n = dice.below(200); n != 0; --n) (void)weft::this_task::cancel_requested();
      if (dice.below(4) == 0) weft::this_task::yield();
      server.set_read_deadline(0s);
      late.acquire();
    }
    reader.get();
  });
}

TEST_CASE("plain threads: the same calls block, with deadlines and close()") {
  auto l = listener();
  std::thread client([address = l.local_address()] {
    auto s = weft::tcp_stream::connect(address);
    s.write_all("from a thread");
    CHECK(read(s, 4) == "back");
    s.set_read_deadline(1ms);
    char c;
    CHECK_THROWS_AS((void)s.read_some(std::span(&c, 1)), weft::timeout_error);
  });
  for_each_worker_count([&](unsigned workers) {
    if (workers != 2) return;
    run_on(workers, [&] {
      auto s = l.accept();
      CHECK(read(s, 13) == "from a thread");
      s.write_all("back");
      CHECK(read_all(s).empty());
    });
  });
  client.join();
  CHECK_THROWS_AS((void)l.accept(1ms), weft::timeout_error);
  std::thread acceptor([&l] { CHECK(error_of([&] { (void)l.accept(); }) == std::errc::operation_canceled); });
  std::this_thread::yield();
  l.close();
  acceptor.join();
}

TEST_CASE("a stream that tasks of two runtimes use") {
  weft::runtime a({.workers = 1}), b({.workers = 2});
  auto [client, server] = connected();
  auto const ask = [&client](int n) {
    for (int i = 0; i != n; ++i) {
      client.write_all("q");
      CHECK(read(client, 1) == "a");
    }
  };
  auto const answer = [&server](int n) {
    for (int i = 0; i != n; ++i) {
      CHECK(read(server, 1) == "q");
      server.write_all("a");
    }
  };
  for (int i = 0; i != 3; ++i) {
    auto in_a = a.spawn([&] { ask(50); });
    auto in_b = b.spawn([&] { answer(50); });
    in_a.get();
    in_b.get();
    auto other_b = b.spawn([&] { ask(50); });
    auto other_a = a.spawn([&] { answer(50); });
    other_a.get();
    other_b.get();
  }
}

TEST_CASE("what can be written: text with and without its 0, arrays, vectors, spans") {
  on_all([] {
    auto [client, server] = connected();
    char array[3] = {'a', '\0', 'b'};
    char const text[5] = {'t', 'e', 'x', 't', '\0'};
    char const no_end[3] = {'e', 'n', 'd'};
    char const* const pointer = "pointer";
    client.write_all(array);
    client.write_all(text);
    client.write_all(no_end);
    client.write_all(pointer);
    client.write_all(std::string("string"));
    client.write_all(std::string_view("view"));
    client.write_all(std::vector<unsigned char>{'v', 'e', 'c'});
    client.write_all("");
    client.shutdown_write();
    CHECK(read_all(server) == std::string("a\0b", 3) + "textendpointerstringviewvec");
  });
}

TEST_CASE("no I/O in a simulation") {
  weft::simulation(1).run([] {
    auto l = listener();
    CHECK_THROWS_AS((void)l.accept(), std::logic_error);
  });
}
