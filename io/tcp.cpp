#include <weft/tcp.hpp>

#include <cerrno>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "io/accept.hpp"
#include "io/attempt.hpp"
#include "io/socket.hpp"
#include <weft/task.hpp>
#include <weft/wait.hpp>

namespace weft {

using detail::descriptor;
using detail::direction;
using detail::io_end;

namespace {

constexpr auto shared = descriptor::sharing::shared;
constexpr std::chrono::milliseconds next_address_after{250};

// After an edge: 0: connected; or why not; or -EAGAIN: not yet.
ssize_t how_it_goes(int fd) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return -detail::last_error();
  if (error != 0) return -error;
  sockaddr_storage peer;
  size = sizeof peer;
  auto const result = detail::or_error(::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size));
  return result == -ENOTCONN ? -EAGAIN : result;
}
descriptor& accepted(int fd) {
  int const on = 1;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails if it has been reset: the first read will say so
  return descriptor::adopt(fd, descriptor::state::non_blocking);
}
// A plain thread has nobody to race: the last one's error is the outcome.
tcp_stream connect_in_turn(std::vector<address> const& addresses, deadline until) {
  for (std::size_t i = 0; i + 1 != addresses.size(); ++i) {
    try {
      return tcp_stream::connect(addresses[i], until);
    } catch (std::system_error const&) {
    }
  }
  return tcp_stream::connect(addresses.back(), until);
}
descriptor& listening(address const& at, listen_options o) {
  detail::unique_fd fd(detail::new_socket(at.data()->sa_family, SOCK_STREAM));
  if (o.reuse_address) detail::set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1, "reuse_address");
  detail::bind_to(fd.get(), at, o.reuse_port, o.v6_only, "listen at ");
  if (::listen(fd.get(), o.backlog) != 0) detail::fail(detail::last_error(), "listen at " + at.to_string());
  return descriptor::adopt(fd.release(), descriptor::state::non_blocking);
}

}  // namespace

tcp_stream::tcp_stream(int fd) : stream(descriptor::adopt(fd, descriptor::state::any)) {}

tcp_stream tcp_stream::connect(address const& to, deadline until) {
  detail::checkpoint();
  tcp_stream s(descriptor::adopt(detail::new_socket(to.data()->sa_family, SOCK_STREAM), descriptor::state::non_blocking));
  s.set_no_delay(true);
  bool begun = false;
  auto const end = detail::attempt(s.core(), direction::writing, shared, until.ns(), [&](int fd) -> ssize_t {
    if (!std::exchange(begun, true)) {
      auto const result = detail::or_error(::connect(fd, to.data(), to.size()));
      return result == -EINPROGRESS || result == -EINTR ? -EAGAIN : result;  // it goes on by itself
    }
    return how_it_goes(fd);
  });
  if (end.what == io_end::failed) {
    detail::fail(end.error, "connect to " + to.to_string());
  }
  detail::check(end, "connect");
  return s;
}

tcp_stream tcp_stream::connect(std::string_view host, std::uint16_t port, deadline until) {
  auto const addresses = resolve(host, port, until);
  if (addresses.size() == 1) return connect(addresses.front(), until);
  if (detail::current_core() == nullptr) return connect_in_turn(addresses, until);
  std::vector<std::function<tcp_stream()>> ways;
  for (auto const& a : addresses) ways.emplace_back([&a, until] { return connect(a, until); });
  try {
    return race_staggered(ways, next_address_after);
  } catch (exception_group const&) {
    if (until.passed()) throw timeout_error("weft: connect to '" + std::string(host) + "' timed out");
    throw;
  }
}

address tcp_stream::local_address() const { return detail::local_address_of(core()); }
address tcp_stream::peer_address() const { return detail::peer_address_of(core()); }

void tcp_stream::set_no_delay(bool on) {
  detail::use const mine(core(), direction::writing, shared);
  if (mine.entered != io_end::done) throw std::system_error(std::make_error_code(std::errc::bad_file_descriptor), "weft: set_no_delay");
  detail::set_option(mine.core().fd(), IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0, "set_no_delay");
}

tcp_listener::tcp_listener(address const& at, listen_options o) : tcp_listener(listening(at, o)) {}

tcp_stream tcp_listener::accept(deadline until) {
  auto const end = detail::accept_from(core(), until.ns());
  detail::check(end, "accept");
  return tcp_stream(accepted(static_cast<int>(end.n)));
}

tcp_stream tcp_listener::accept(deadline until, std::error_code& error) {
  auto const end = detail::accept_from(core(), until.ns());
  error = detail::code_of(end, "accept");
  return error ? tcp_stream() : tcp_stream(accepted(static_cast<int>(end.n)));
}

address tcp_listener::local_address() const { return detail::local_address_of(core()); }

}  // namespace weft
