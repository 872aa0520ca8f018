#include "io/socket.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <sys/socket.h>
#include <unistd.h>

#include "io/attempt.hpp"

namespace weft::detail {
namespace {

template <class Name>
address name_of_socket(descriptor* d, Name&& name, char const* what) {
  use const mine(d, direction::reading, descriptor::sharing::shared);
  if (mine.entered != io_end::done) fail(EBADF, what);
  sockaddr_storage a{};
  socklen_t n = sizeof a;
  if (name(mine.core().fd(), reinterpret_cast<sockaddr*>(&a), &n) != 0) fail(last_error(), what);
  return address(reinterpret_cast<sockaddr const&>(a));
}

}  // namespace

unique_fd::~unique_fd() {
  if (fd_ >= 0) ::close(fd_);
}

int new_socket(int family, int type) {
  int const fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail(last_error(), "socket");
  return fd;
}

void set_option(int fd, int level, int name, int value, char const* what) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) fail(last_error(), what);
}

void bind_to(int fd, address const& at, bool reuse_port, bool v6_only, char const* what) {
  if (reuse_port) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1, "reuse_port");
  if (at.is_v6()) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6_only ? 1 : 0, "v6_only");
  if (::bind(fd, at.data(), at.size()) != 0) {
    int const error = last_error();
    fail(error, what + at.to_string());
  }
}

address local_address_of(descriptor* d) { return name_of_socket(d, ::getsockname, "local_address"); }
address peer_address_of(descriptor* d) { return name_of_socket(d, ::getpeername, "peer_address"); }

}  // namespace weft::detail
