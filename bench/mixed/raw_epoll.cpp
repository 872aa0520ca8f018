// A loop over epoll in each thread, connections dealt out in turn.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <vector>

#include "bench/mixed/config.hpp"

namespace bench::mixed {
namespace {

void loop(int epoll) {
  for (std::array<epoll_event, 64> events;;) {
    int const n = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      int const fd = events[static_cast<std::size_t>(i)].data.fd;
      request r;
      auto const got = recv(fd, r.data(), r.size(), 0);
      if (got == static_cast<ssize_t>(r.size())) handle(r[0]);  // so small a request comes in one piece
      if (got <= 0 || send(fd, r.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) close(fd);
    }
  }
}

void run(tell const& tell_port) {
  int const listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listener, 1024) != 0) throw std::runtime_error("no listener");
  getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  std::vector<int> loops;
  for (int i = 0; i != threads; ++i) {
    loops.push_back(epoll_create1(0));
    std::thread([epoll = loops.back()] { loop(epoll); }).detach();
  }
  tell_port(ntohs(at.sin_port));
  for (std::size_t i = 0;; ++i) {
    int const next = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (next < 0) continue;
    int const on = 1;
    setsockopt(next, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = next;
    epoll_ctl(loops[i % loops.size()], EPOLL_CTL_ADD, next, &e);
  }
}

bool const known = add("raw_epoll", &run);

}  // namespace
}  // namespace bench::mixed
