#pragma once
// TCP: a listener that accepts, and streams that connect.
#include <cstdint>
#include <string_view>

#include <weft/address.hpp>
#include <weft/stream.hpp>

namespace weft {

class tcp_stream : public stream {
 public:
  tcp_stream() noexcept = default;
  // Takes over a connected socket.
  explicit tcp_stream(int fd);

  // S  std::system_error, timeout_error. The second form resolves the name and tries its addresses in turn; in a task the next
  // one also when one takes longer than a quarter of a second. All fail: exception_group of their errors; on plain threads the last one.
  [[nodiscard]] static tcp_stream connect(address const&, deadline = never);
  [[nodiscard]] static tcp_stream connect(std::string_view host, std::uint16_t port, deadline = never);

  [[nodiscard]] address local_address() const;  // std::system_error
  [[nodiscard]] address peer_address() const;
  // Small writes go out at once (on, as a stream begins) or are gathered by the kernel. std::system_error.
  void set_no_delay(bool);

 private:
  friend class tcp_listener;
  explicit tcp_stream(detail::descriptor& d) noexcept : stream(d) {}
};

struct listen_options {
  int backlog = 1024;        // connections that wait to be accepted
  bool reuse_address = true; // while connections of an earlier listener linger
  bool reuse_port = false;   // several listeners share the port
  bool v6_only = false;      // an IPv6 one takes no IPv4 connections
};

// Any number of tasks may accept at once. close() from any task: who waits gets std::errc::operation_canceled.
class tcp_listener : public detail::owner {
 public:
  tcp_listener() noexcept = default;  // closed
  // std::system_error.
  explicit tcp_listener(address const&, listen_options = {});

  // S  Connections that have gone before they were accepted are skipped. No descriptor or memory left: tries again, less and less often, until
  // the deadline. std::system_error, timeout_error.
  [[nodiscard]] tcp_stream accept(deadline = never);
  [[nodiscard]] tcp_stream accept(deadline, std::error_code&);

  [[nodiscard]] address local_address() const;  // std::system_error

 private:
  explicit tcp_listener(detail::descriptor& d) noexcept : owner(d) {}
};

}  // namespace weft
