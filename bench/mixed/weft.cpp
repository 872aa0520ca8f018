// A task for each connection, in blocking style.
#include <weft/io.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>

#include "bench/mixed/config.hpp"

namespace bench::mixed {
namespace {

void answer(weft::tcp_stream s) {
  request r;
  std::error_code error;
  while (s.read_exact(r, error) == r.size()) {
    handle(r[0]);
    if (s.write_all(r, error) != r.size()) return;
  }
}

void run(tell const& tell_port) {
  weft::run({.workers = threads}, [&] {
    weft::tcp_listener listener(weft::address::loopback(0));
    tell_port(listener.local_address().port());
    for (;;) weft::spawn([s = listener.accept()]() mutable { answer(std::move(s)); }).detach();
  });
}

bool const known = add("weft", &run);

}  // namespace
}  // namespace bench::mixed
