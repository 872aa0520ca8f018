// The load: a closed loop over epoll.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "bench/echo/config.hpp"
#include "bench/support/server_process.hpp"

namespace bench::echo {
namespace {

using time_point = std::chrono::steady_clock::time_point;

class client {
 public:
  client(std::uint16_t port, std::size_t n) : epoll_(epoll_create1(EPOLL_CLOEXEC)), all_(n) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (std::size_t i = 0; i != n; ++i) {
      all_[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      int const on = 1;
      setsockopt(all_[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (connect(all_[i].fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("connect failed");
      fcntl(all_[i].fd, F_SETFL, O_NONBLOCK);
      epoll_event e{};
      e.events = EPOLLIN;
      e.data.u64 = i;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, all_[i].fd, &e);
    }
  }
  ~client() {
    for (auto const& c : all_) close(c.fd);
    close(epoll_);
  }
  client(client const&) = delete;
  client& operator=(client const&) = delete;

  // Every connection has one request on its way until `n` have been answered. False: a wrong answer.
  bool round(std::uint64_t n, std::vector<double>& latencies) {
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
        std::array<char, message> got;
        auto const r = recv(c.fd, got.data() + c.got, message - c.got, 0);
        if (r <= 0) return false;
        if (c.got += static_cast<std::size_t>(r); c.got != message) continue;
        std::uint64_t number = 0;
        std::memcpy(&number, got.data(), sizeof number);
        if (number != c.number) return false;
        latencies.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - c.since).count());
        ++answered;
        if (sent != n) send_one(c, ++sent);
      }
    }
    return true;
  }

 private:
  struct connection {
    int fd = -1;
    std::size_t got = 0;
    std::uint64_t number = 0;
    time_point since;
  };

  static void send_one(connection& c, std::uint64_t number) {
    std::array<char, message> m{};
    c.number = number;
    c.got = 0;
    std::memcpy(m.data(), &number, sizeof number);
    c.since = std::chrono::steady_clock::now();
    if (send(c.fd, m.data(), message, MSG_NOSIGNAL) != static_cast<ssize_t>(message)) throw std::runtime_error("send failed");
  }

  int const epoll_;
  std::vector<connection> all_;
};

double percentile(std::vector<double>& all, double p) {
  auto const at = all.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(all.size() - 1) * p);
  std::nth_element(all.begin(), at, all.end());
  return *at;
}

}  // namespace

void measure(State& state, std::string const& library) {
  cpu_set_t before;
  sched_getaffinity(0, sizeof before, &before);
  try {
    server_process const peer(library);
    pin_to(client_cpu);
    client load(peer.port, static_cast<std::size_t>(state.range(0)));
    std::vector<double> latencies;
    verify(state, load.round(requests, latencies));
    latencies.clear();
    auto const cpu = peer.cpu_us();
    for (auto _ : state) {
      if (!verify(state, load.round(requests, latencies))) break;
    }
    if (!latencies.empty()) {
      state.counters["server_cpu_us"] = (peer.cpu_us() - cpu) / static_cast<double>(latencies.size());
      state.counters["p50_us"] = percentile(latencies, 0.5);
      state.counters["p99_us"] = percentile(latencies, 0.99);
    }
    per_item(state, requests);
  } catch (std::exception const& e) {
    state.SkipWithError(e.what());
  }
  sched_setaffinity(0, sizeof before, &before);
}

void serve(std::string const& library) {
  pin_to(server_cpu);
  servers().at(library)(tell_parent);
}

}  // namespace bench::echo
