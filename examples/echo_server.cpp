// echo_server [PORT]: sends back what it gets, in plain blocking style, a task for each connection. SIGTERM or Ctrl-C: nobody new is
// accepted, and who is connected has a second to finish.
#include <weft/io.hpp>
#include <weft/runtime.hpp>
#include <weft/task_group.hpp>
#include <weft/timeout.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

using namespace std::chrono_literals;

void echo(weft::tcp_stream client) {
  std::array<std::byte, 4096> some;
  try {
    while (auto const n = client.read_some(some)) client.write_all(std::span(some).first(n));
  } catch (std::system_error const& e) {  // it has gone: no reason to end the others
    std::fprintf(stderr, "echo_server: a client: %s\n", e.what());
  }
}

void serve(std::uint16_t port) {
  weft::tcp_listener listener(weft::address::loopback(port));
  std::printf("echoing at %s\n", listener.local_address().to_string().c_str());
  std::fflush(stdout);
  weft::task_group connections;
  try {
    for (;;) connections.spawn([client = listener.accept()]() mutable { echo(std::move(client)); });
  } catch (weft::cancelled const&) {  // by the signal
    listener.close();
  }
  try {
    weft::with_timeout(5s, [&] { connections.join(); });
  } catch (weft::timeout_error const&) {  // join() has cancelled those that were left
  }
}

int main(int argc, char** argv) try {
  std::uint16_t port = 0;  // any that is free
  if (argc > 1) {
    char const* const end = argv[1] + std::strlen(argv[1]);
    auto const [stopped, error] = std::from_chars(argv[1], end, port);
    if (argc > 2 || error != std::errc{} || stopped != end) {
      std::fputs("usage: echo_server [PORT]\n", stderr);
      return 2;
    }
  }
  weft::run({.name = "echo_server", .cancel_on_signals = {SIGTERM, SIGINT}}, [port] { serve(port); });
  std::puts("done");
} catch (std::exception const& e) {
  std::fprintf(stderr, "echo_server: %s\n", e.what());
  return 1;
}
