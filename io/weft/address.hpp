#pragma once
// address: where a socket is, or shall be: an IPv4 or IPv6 address and a port. And what names stand for.
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include <weft/deadline.hpp>
#include <weft/errors.hpp>

namespace weft {

class address {
 public:
  address() noexcept = default;  // 0.0.0.0:0
  // "127.0.0.1:80", "[::1]:80". Otherwise std::invalid_argument, which shows the text.
  [[nodiscard]] static address parse(std::string_view);
  // Of every interface, of this machine only; port 0: any that is free.
  [[nodiscard]] static address any(std::uint16_t port) noexcept { return {INADDR_ANY, port}; }
  [[nodiscard]] static address loopback(std::uint16_t port) noexcept { return {INADDR_LOOPBACK, port}; }

  [[nodiscard]] std::string to_string() const;  // as parse() takes it
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] bool is_v6() const noexcept { return ip_.base.sa_family == AF_INET6; }

  // For the calls of the system. std::invalid_argument if it is neither IPv4 nor IPv6.
  explicit address(sockaddr const&);
  [[nodiscard]] sockaddr const* data() const noexcept { return &ip_.base; }
  [[nodiscard]] socklen_t size() const noexcept { return is_v6() ? sizeof ip_.v6 : sizeof ip_.v4; }
  friend bool operator==(address const& a, address const& b) noexcept;

 private:
  address(in_addr_t host, std::uint16_t port) noexcept;
  union {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } ip_{.v4 = {.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}}};
};

// S  What the system knows of a name, at least one, in the order in which to try them. std::system_error of resolver_category(),
// timeout_error (the search is given up; if it has begun it goes on on the blocking pool). A plain thread waits as long as the system does.
[[nodiscard]] std::vector<address> resolve(std::string_view host, std::uint16_t port, deadline = never);
[[nodiscard]] std::error_category const& resolver_category() noexcept;  // EAI_...

}  // namespace weft
