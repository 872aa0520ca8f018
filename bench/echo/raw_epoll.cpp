// One loop over epoll, nothing else: what the kernel's part costs.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "bench/echo/config.hpp"

namespace bench::echo {
namespace {

void add(int epoll, int fd) {
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

void answer(int fd) {
  std::array<char, 4096> some;
  auto const n = recv(fd, some.data(), some.size(), 0);
  if (n <= 0 || send(fd, some.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) != n) close(fd);
}

void run(tell const& tell_port) {
  int const listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listener, 1024) != 0) throw std::runtime_error("no listener");
  getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  int const epoll = epoll_create1(0);
  add(epoll, listener);
  tell_port(ntohs(at.sin_port));
  for (std::array<epoll_event, 256> events;;) {
    int const n = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      int const fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd != listener) {
        answer(fd);
        continue;
      }
      for (int next; (next = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
        int const on = 1;
        setsockopt(next, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        add(epoll, next);
      }
    }
  }
}

void closed_raw(State& state) { measure(state, "raw_epoll"); }
BENCHMARK(closed_raw)->Name("echo/closed/raw_epoll")->Apply(connections);
bool const known = servers().emplace("raw_epoll", &run).second;

}  // namespace
}  // namespace bench::echo
