#pragma once
// Echo over loopback: so many connections, each of which sends 64 bytes when it has got its last 64 back. The server is a process of
// its own with one thread on one CPU; the client, the same for all, a loop over epoll on another.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "bench/support/harness.hpp"

namespace bench::echo {

inline constexpr std::size_t message = 64;
inline constexpr std::uint64_t requests = 20'000;  // of one round
inline constexpr int server_cpu = 0, client_cpu = 1;

// What a library does in its own process: listens on a free port of 127.0.0.1, tells it, and serves until it is killed.
using tell = std::function<void(std::uint16_t port)>;
using server = void (*)(tell const&);

inline std::map<std::string, server>& servers() {
  static std::map<std::string, server> all;
  return all;
}

// One row: with state.range(0) connections. (client.cpp)
void measure(State&, std::string const& library);

inline void connections(benchmark::internal::Benchmark* row) {
  row->Apply(timing);
  row->ArgName("connections")->Arg(1)->Arg(50)->Arg(1000);
}

// `bench_echo --serve LIBRARY`
void serve(std::string const& library);

}  // namespace bench::echo
