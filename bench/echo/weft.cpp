// A task for each connection, in blocking style; one worker.
#include <weft/io.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>

#include <array>

#include "bench/echo/config.hpp"

namespace bench::echo {
namespace {

void echo(weft::tcp_stream s) {
  std::array<char, buffer> some;
  std::error_code error;
  while (auto const n = s.read_some(some, error)) {
    if (s.write_all(std::span(some.data(), n), error) != n) return;
  }
}

void run(tell const& tell_port) {
  weft::run({.workers = 1}, [&] {
    weft::tcp_listener listener(weft::address::loopback(0));
    tell_port(listener.local_address().port());
    for (;;) weft::spawn([s = listener.accept()]() mutable { echo(std::move(s)); }).detach();
  });
}

bool const known = add("weft", &run);

}  // namespace
}  // namespace bench::echo
