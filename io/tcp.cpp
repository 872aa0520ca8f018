#include <weft/tcp.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include <netinet/tcp.h>
#include <sys/socket.h>

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
constexpr std::int64_t first_pause = 5'000'000, longest_pause = 500'000'000;  // ns, when there is no descriptor left

// Of a connection that has gone before it was accepted: nobody's business but its peer's.
bool is_of_that_connection(int error) noexcept {
  return error == ECONNABORTED || error == EPROTO || error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET ||
         error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN;
}
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
bool may_pass(int error) noexcept { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

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
    throw std::system_error(end.error, std::system_category(), "weft: connect to " + to.to_string());
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

tcp_listener::tcp_listener(address const& at, listen_options o) {
  detail::unique_fd fd(detail::new_socket(at.data()->sa_family, SOCK_STREAM));
  if (o.reuse_address) detail::set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1, "reuse_address");
  if (o.reuse_port) detail::set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1, "reuse_port");
  if (at.is_v6()) detail::set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, o.v6_only ? 1 : 0, "v6_only");
  if (::bind(fd.get(), at.data(), at.size()) != 0 || ::listen(fd.get(), o.backlog) != 0) {
    int const error = detail::last_error();
    throw std::system_error(error, std::system_category(), "weft: listen at " + at.to_string());
  }
  core_ = &descriptor::adopt(fd.release(), descriptor::state::non_blocking);
}

tcp_listener& tcp_listener::operator=(tcp_listener&& o) noexcept {
  detail::replace(core_, o.core_);
  return *this;
}

tcp_listener::~tcp_listener() {
  if (core_ != nullptr) core_->drop();
}

// n: the descriptor. Pauses are waits for what a listener never is, writable: only close() ends them early.
io_end tcp_listener::do_accept(std::int64_t until) {
  detail::checkpoint();
  detail::use const mine(core_, direction::reading, shared);
  if (mine.entered != io_end::done) return {mine.entered, 0, 0};
  descriptor& d = mine.core();
  for (std::int64_t pause = first_pause;;) {
    auto const seen = d.edges(direction::writing);
    auto const end = detail::attempt_once(d, direction::reading, until, [](int fd) {
      return detail::or_error(::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    });
    if (end.what != io_end::failed || !(is_of_that_connection(end.error) || may_pass(end.error))) return end;
    if (d.closing()) return {io_end::closed, 0, 0};
    if (is_of_that_connection(end.error)) continue;
    auto const now = detail::now_ns();
    if (now >= until) return {io_end::late, 0, 0};
    auto const next = std::min(until, now + pause);
    if (d.wait(direction::writing, seen, next).what == io_end::failed) this_task::sleep_until(clock::time_point(clock::duration(next)));  // no reactor
    pause = std::min(2 * pause, longest_pause);
  }
}

tcp_stream tcp_listener::accept(deadline until) {
  auto const end = do_accept(until.ns());
  detail::check(end, "accept");
  return tcp_stream(accepted(static_cast<int>(end.n)));
}

tcp_stream tcp_listener::accept(deadline until, std::error_code& error) {
  auto const end = do_accept(until.ns());
  error = detail::code_of(end, "accept");
  return error ? tcp_stream() : tcp_stream(accepted(static_cast<int>(end.n)));
}

address tcp_listener::local_address() const { return detail::local_address_of(core_); }
void tcp_listener::close() noexcept {
  if (core_ != nullptr) core_->close();
}
bool tcp_listener::is_open() const noexcept { return core_ != nullptr && !core_->closing(); }
int tcp_listener::native_handle() const noexcept { return is_open() ? core_->fd() : -1; }

}  // namespace weft
