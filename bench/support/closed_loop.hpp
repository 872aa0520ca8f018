#pragma once
// A load: so many connections, each of which sends its next request when it has got its last response. One loop over epoll, on a CPU of
// its own; the server, a process with one thread, has another.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/harness.hpp"
#include "bench/support/samples.hpp"
#include "bench/support/server_process.hpp"
#include "bench/support/sockets.hpp"

namespace bench {

inline constexpr int server_cpu = 0, client_cpu = 1;

// Protocol::request(number) -> std::string_view; Protocol::is_response(what has come, number) -> bool, when it is whole and right.
template <class Protocol>
class closed_loop {
 public:
  closed_loop(std::uint16_t port, std::size_t connections) : epoll_(epoll_create1(EPOLL_CLOEXEC)), all_(connections) {
    for (std::size_t i = 0; i != connections; ++i) watch(epoll_, all_[i].fd = connect_to(port), i);
  }

  // Every connection has one request on its way until `n` have been answered. False: a wrong answer, or none for seconds.
  bool round(std::uint64_t n, samples& latencies) {
    std::uint64_t sent = 0, answered = 0;
    for (auto& c : all_) {
      if (sent != n) send_one(c, ++sent);
    }
    std::array<epoll_event, 256> events;
    while (answered != n) {
      int const ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10'000);
      if (ready <= 0) return false;
      for (int i = 0; i != ready; ++i) {
        auto& c = all_[events[static_cast<std::size_t>(i)].data.u64];
        auto const got = recv(c.fd, c.response.data() + c.size, c.response.size() - c.size, 0);
        if (got <= 0) return false;
        c.size += static_cast<std::size_t>(got);
        if (!Protocol::is_response({c.response.data(), c.size}, c.number)) continue;
        latencies.add(clock::now() - c.since);
        ++answered;
        if (sent != n) send_one(c, ++sent);
      }
    }
    return true;
  }

 private:
  struct connection {
    owned_fd fd;
    std::size_t size = 0;
    std::uint64_t number = 0;
    clock::time_point since;
    std::array<char, 1024> response;
  };

  static void send_one(connection& c, std::uint64_t number) {
    c.number = number;
    c.size = 0;
    std::string_view const request = Protocol::request(number);
    c.since = clock::now();
    if (send(c.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) throw std::runtime_error("send failed");
  }

  owned_fd const epoll_;
  std::vector<connection> all_;
};

// So many connections that have sent the first bytes of a request, and send no more.
class held_connections {
 public:
  held_connections(std::uint16_t port, std::size_t n, std::string_view first) {
    for (std::size_t i = 0; i != n; ++i) {
      all_.push_back(connect_to(port));
      if (send(all_.back(), first.data(), first.size(), MSG_NOSIGNAL) < 0) throw std::runtime_error("send failed");
    }
  }
  // The server has closed none, and answered none.
  [[nodiscard]] bool still_held() const {
    char c;
    return std::ranges::all_of(all_, [&c](int fd) { return recv(fd, &c, 1, MSG_PEEK) < 0 && errno == EAGAIN; });
  }

 private:
  std::vector<owned_fd> all_;
};

inline constexpr std::uint64_t requests_of_a_round = 20'000;

// One row: with state.range(0) connections, beside so many that have begun a request and do not go on.
template <class Protocol>
void measure_closed_loop(State& state, std::string const& library, std::size_t held = 0) {
  cpu_set_t before;
  sched_getaffinity(0, sizeof before, &before);
  try {
    allow_descriptors();
    pin_to(server_cpu);
    server_process const peer(library);
    pin_to(client_cpu);
    held_connections const slow(peer.port, held, Protocol::request(0).substr(0, 10));
    closed_loop<Protocol> load(peer.port, static_cast<std::size_t>(state.range(0)));
    samples latencies;
    verify(state, load.round(requests_of_a_round, latencies));
    latencies = samples();
    auto const cpu = peer.cpu_us();
    for (auto _ : state) {
      if (!verify(state, load.round(requests_of_a_round, latencies))) break;
    }
    verify(state, slow.still_held());
    if (latencies.size() != 0) {
      state.counters["server_cpu_us"] = (peer.cpu_us() - cpu) / static_cast<double>(latencies.size());
      latencies.report(state);
    }
    per_item(state, requests_of_a_round);
  } catch (std::exception const& e) {
    state.SkipWithError(e.what());
  }
  sched_setaffinity(0, sizeof before, &before);
}

// One row: what the server's memory grows by for each of 5,000 connections that have been answered once and then are silent.
template <class Protocol>
void measure_idle_connections(State& state, std::string const& library) {
  constexpr std::size_t count = 5000;
  try {
    allow_descriptors();
    server_process const peer(library);
    samples latencies;
    closed_loop<Protocol> first(peer.port, 1);  // what is made once is no connection's
    verify(state, first.round(1, latencies));
    auto const before = peer.memory();
    for (auto _ : state) {
      closed_loop<Protocol> load(peer.port, count);
      if (!verify(state, load.round(count, latencies))) break;
      auto const after = peer.memory();
      state.counters["rss_per_task"] = (after.resident - before.resident) / count;
      state.counters["page_tables_per_task"] = (after.page_tables - before.page_tables) / count;
    }
  } catch (std::exception const& e) {
    state.SkipWithError(e.what());
  }
}

// The rows of that library, and the server that they measure.
template <class Protocol>
bool add_closed_loop(std::string const& problem, std::string const& library, server run) {
  servers().emplace(library, run);
  benchmark::RegisterBenchmark((problem + "/closed/" + library).c_str(),
                               [library](State& state) { measure_closed_loop<Protocol>(state, library); })
      ->Apply(timing)
      ->ArgName("connections")
      ->Arg(1)
      ->Arg(50)
      ->Arg(1000);
  benchmark::RegisterBenchmark((problem + "/idle_connections/" + library).c_str(),
                               [library](State& state) { measure_idle_connections<Protocol>(state, library); })
      ->Apply(once);
  return true;
}

}  // namespace bench
