#pragma once
// HTTP/1.1 over loopback: GET of a page of 13 bytes, connections kept alive.
#include "bench/support/closed_loop.hpp"

namespace bench::http {

inline constexpr std::string_view page = "Hello, world!";

struct protocol {
  static std::string_view request(std::uint64_t) { return "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"; }
  static bool is_response(std::string_view got, std::uint64_t) {
    static std::string const end = "\r\n\r\n" + std::string(page);
    return got.starts_with("HTTP/1.1 200 OK\r\n") && got.ends_with(end);
  }
};

inline bool add(std::string const& library, server run) { return add_closed_loop<protocol>("http", library, run); }

// Also beside 10,000 clients that never finish their header, for servers that have a time for that: a minute, here.
inline bool add_beside_slow(std::string const& library) {
  auto const measure = [library](State& state) { measure_closed_loop<protocol>(state, library, 10'000); };
  benchmark::RegisterBenchmark(("http/beside_10k_slow/" + library).c_str(), measure)->Apply(timing)->ArgName("connections")->Arg(50);
  return true;
}

}  // namespace bench::http
