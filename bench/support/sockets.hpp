#pragma once
// The calls of the system that servers and clients without a library make here; all on the loopback.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sys/resource.h>

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace bench {

// As many descriptors as this process may have, and those that it starts.
inline void allow_descriptors() {
  rlimit most{};
  getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  setrlimit(RLIMIT_NOFILE, &most);
}

class owned_fd {
 public:
  explicit owned_fd(int fd = -1) : fd_(fd) {}
  owned_fd(owned_fd&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  owned_fd& operator=(owned_fd&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~owned_fd() {
    if (fd_ >= 0) close(fd_);
  }
  operator int() const { return fd_; }

 private:
  int fd_;
};

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

struct listening {
  int fd;
  std::uint16_t port;
};

// At any free port. flags: SOCK_NONBLOCK, or none.
inline listening listen_anywhere(int flags) {
  int const fd = socket(AF_INET, SOCK_STREAM | flags, 0);
  auto at = loopback(0);
  socklen_t size = sizeof at;
  if (bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(fd, 1024) != 0) throw std::runtime_error("no listener");
  getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  return {fd, ntohs(at.sin_port)};
}

inline void no_delay(int fd) {
  int const on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// The next connection, which does not block; negative: there is none.
inline int accept_one(int listener) {
  int const fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  if (fd >= 0) no_delay(fd);
  return fd;
}

// Does not block from then on.
inline owned_fd connect_to(std::uint16_t port) {
  owned_fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  no_delay(fd);
  auto const to = loopback(port);
  if (connect(fd, reinterpret_cast<sockaddr const*>(&to), sizeof to) != 0) throw std::runtime_error("connect failed");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

// Tells by `mark` when there is something to read.
inline void watch(int epoll, int fd, std::uint64_t mark) {
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.u64 = mark;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

}  // namespace bench
