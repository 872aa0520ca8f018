#include <weft/udp.hpp>

#include <stdexcept>

#include <sys/socket.h>

#include "io/attempt.hpp"
#include "io/socket.hpp"

namespace weft {

using detail::descriptor;
using detail::direction;
using detail::io_end;

namespace {

constexpr auto shared = descriptor::sharing::shared;

descriptor& bound(address const& at, udp_options o) {
  detail::unique_fd fd(detail::new_socket(at.data()->sa_family, SOCK_DGRAM));
  if (o.broadcast) detail::set_option(fd.get(), SOL_SOCKET, SO_BROADCAST, 1, "broadcast");
  detail::bind_to(fd.get(), at, o.reuse_port, o.v6_only, "bind to ");
  return descriptor::adopt(fd.release(), descriptor::state::non_blocking);
}

template <class Once>
io_end transfer(descriptor* d, direction way, Once&& once) {
  return detail::attempt(d, way, shared, detail::no_limit, std::forward<Once>(once));
}

std::size_t whole(io_end const& end, writable_bytes into) {
  detail::check(end, "receive");
  if (end.n > into.size()) {
    throw std::length_error("weft: received a datagram of " + std::to_string(end.n) + " bytes, with room for " + std::to_string(into.size()));
  }
  return end.n;
}
std::size_t whole(io_end const& end, writable_bytes into, std::error_code& error) {
  error = detail::code_of(end, "receive");
  if (end.n <= into.size()) return end.n;
  error = std::make_error_code(std::errc::message_size);
  return into.size();
}

}  // namespace

udp_socket::udp_socket(address const& at, udp_options o) : udp_socket(bound(at, o)) {}
udp_socket::udp_socket(int fd) : udp_socket(descriptor::adopt(fd, descriptor::state::any)) {}

void udp_socket::connect(address const& to) {
  detail::use const mine(core(), direction::writing, shared);
  if (mine.entered != io_end::done) detail::fail(EBADF, "connect");
  if (::connect(mine.core().fd(), to.data(), to.size()) != 0) {
    int const error = detail::last_error();
    detail::fail(error, "connect to " + to.to_string());
  }
}

io_end udp_socket::do_send(address const* to, readable_bytes from) {
  return transfer(core(), direction::writing, [&](int fd) {
    return detail::or_error(::sendto(fd, from.data(), from.size(), 0, to != nullptr ? to->data() : nullptr, to != nullptr ? to->size() : 0));
  });
}

// n: the size of the datagram, however much of it there was room for.
io_end udp_socket::do_receive(writable_bytes into, address* from) {
  sockaddr_storage sender{};
  auto const end = transfer(core(), direction::reading, [&](int fd) {
    socklen_t size = sizeof sender;
    return detail::or_error(::recvfrom(fd, into.data(), into.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&sender), &size));
  });
  bool const known = sender.ss_family == AF_INET || sender.ss_family == AF_INET6;  // an adopted socket may be of another kind
  if (end.what == io_end::done && from != nullptr) *from = known ? address(reinterpret_cast<sockaddr const&>(sender)) : address();
  return end;
}

void udp_socket::send_to(address const& to, readable_bytes from) { detail::check(do_send(&to, from), "send"); }
void udp_socket::send_to(address const& to, readable_bytes from, std::error_code& error) { error = detail::code_of(do_send(&to, from), "send"); }
void udp_socket::send(readable_bytes from) { detail::check(do_send(nullptr, from), "send"); }
void udp_socket::send(readable_bytes from, std::error_code& error) { error = detail::code_of(do_send(nullptr, from), "send"); }

std::size_t udp_socket::receive_from(writable_bytes into, address& from) { return whole(do_receive(into, &from), into); }
std::size_t udp_socket::receive_from(writable_bytes into, address& from, std::error_code& error) {
  return whole(do_receive(into, &from), into, error);
}
std::size_t udp_socket::receive(writable_bytes into) { return whole(do_receive(into, nullptr), into); }
std::size_t udp_socket::receive(writable_bytes into, std::error_code& error) { return whole(do_receive(into, nullptr), into, error); }

address udp_socket::local_address() const { return detail::local_address_of(core()); }
address udp_socket::peer_address() const { return detail::peer_address_of(core()); }

}  // namespace weft
