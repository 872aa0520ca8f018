// Nothing is parsed: the end of the request is looked for, the response is always the same.
#include "bench/http/config.hpp"
#include "bench/support/epoll_server.hpp"

namespace bench::http {
namespace {

bool answer(int fd) {
  static std::string const response =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(page.size()) + "\r\n\r\n" + std::string(page);
  std::array<char, 4096> some;
  auto const n = recv(fd, some.data(), some.size(), 0);
  if (n <= 0 || !std::string_view(some.data(), static_cast<std::size_t>(n)).ends_with("\r\n\r\n")) return false;
  return send(fd, response.data(), response.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(response.size());
}

bool const known = add("raw_epoll", [](tell const& t) { serve_by_epoll(t, &answer); });

}  // namespace
}  // namespace bench::http
