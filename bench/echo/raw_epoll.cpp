#include "bench/echo/config.hpp"
#include "bench/support/epoll_server.hpp"

namespace bench::echo {
namespace {

bool answer(int fd) {
  std::array<char, buffer> some;
  auto const n = recv(fd, some.data(), some.size(), 0);
  return n > 0 && send(fd, some.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
}

bool const known = add("raw_epoll", [](tell const& t) { serve_by_epoll(t, &answer); });

}  // namespace
}  // namespace bench::echo
