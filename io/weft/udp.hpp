#pragma once
// udp_socket: datagrams. Each arrives whole or not at all, once or twice, in any order.
#include <cstddef>
#include <system_error>

#include <weft/address.hpp>
#include <weft/bytes.hpp>
#include <weft/detail/owner.hpp>
#include <weft/io_error.hpp>

namespace weft {

struct udp_options {
  bool reuse_port = false;  // several sockets share the port: the kernel gives each sender one of them
  bool broadcast = false;   // may send to broadcast addresses
  bool v6_only = false;     // an IPv6 one takes nothing from IPv4
};

// Any number of tasks may send and receive at once. close() from any task: who waits gets std::errc::operation_canceled.
//
// All that transfers: S in a task, and a checkpoint; a plain thread blocks. Forms with a last std::error_code& set it instead of
// throwing (see io_error.hpp); the others throw std::system_error, and timeout_error once the socket's deadline has passed.
// Being cancelled throws `cancelled` in both.
class udp_socket : public detail::endpoint {
 public:
  udp_socket() noexcept = default;  // closed
  // Bound there; port 0: to any that is free. std::system_error.
  explicit udp_socket(address const& at, udp_options = {});
  // Takes over a socket of datagrams.
  explicit udp_socket(int fd);

  // From now on sends there and receives from there only; again: another one. What it has received already stays. std::system_error.
  void connect(address const& to);

  // Empty ones, too. Too long for a datagram: std::errc::message_size.
  void send_to(address const& to, readable_bytes);
  void send_to(address const& to, readable_bytes, std::error_code&);
  // The next datagram; returns its size, which may be 0. Longer than `into`, which then has its beginning, while the rest is lost:
  // std::length_error; with an error code std::errc::message_size, and what is in `into` is returned.
  std::size_t receive_from(writable_bytes into, address& from);
  std::size_t receive_from(writable_bytes into, address& from, std::error_code&);

  // Connected. Nobody is there: std::errc::connection_refused, by the kernel's grace one or more calls later; the socket goes on.
  void send(readable_bytes);
  void send(readable_bytes, std::error_code&);
  std::size_t receive(writable_bytes into);
  std::size_t receive(writable_bytes into, std::error_code&);

  [[nodiscard]] address local_address() const;  // std::system_error
  [[nodiscard]] address peer_address() const;

 private:
  explicit udp_socket(detail::descriptor& d) noexcept : endpoint(d) {}
  detail::io_end do_send(address const* to, readable_bytes);
  detail::io_end do_receive(writable_bytes, address* from);
};

}  // namespace weft
