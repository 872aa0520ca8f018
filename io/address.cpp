#include <weft/address.hpp>

#include <charconv>
#include <cstring>
#include <memory>
#include <stdexcept>

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>

#include "io/attempt.hpp"
#include <weft/blocking.hpp>
#include <weft/errors.hpp>

namespace weft {
namespace {

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument("weft: '" + std::string(text) + "' is no address like 127.0.0.1:80 or [::1]:80");
}

class resolver_errors final : public std::error_category {
  [[nodiscard]] char const* name() const noexcept override { return "weft.resolver"; }
  [[nodiscard]] std::string message(int e) const override { return ::gai_strerror(e); }
};

struct found {
  std::vector<address> all;
  int error = 0;        // EAI_...
  int system_error = 0;  // if that is EAI_SYSTEM
};

found look_up(std::string const& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  found f;
  f.error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  f.system_error = f.error == EAI_SYSTEM ? detail::last_error() : 0;
  if (f.error != 0) return f;
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const owner(list, &::freeaddrinfo);
  for (addrinfo const* a = list; a != nullptr; a = a->ai_next) {
    if (a->ai_family == AF_INET || a->ai_family == AF_INET6) f.all.emplace_back(*a->ai_addr);
  }
  if (f.all.empty()) f.error = EAI_NONAME;
  return f;
}

std::vector<address> addresses_of(found&& f, std::string const& host) {
  if (f.error == EAI_SYSTEM) throw std::system_error(f.system_error, std::system_category(), "weft: resolve '" + host + "'");
  if (f.error != 0) throw std::system_error(f.error, resolver_category(), "weft: resolve '" + host + "'");
  return std::move(f.all);
}

}  // namespace

std::error_category const& resolver_category() noexcept {
  static resolver_errors const category;
  return category;
}

address::address(in_addr_t host, std::uint16_t port) noexcept {
  ip_.v4.sin_addr.s_addr = htonl(host);
  ip_.v4.sin_port = htons(port);
}

address::address(sockaddr const& a) {
  if (a.sa_family == AF_INET) {
    std::memcpy(&ip_.v4, &a, sizeof ip_.v4);
  } else if (a.sa_family == AF_INET6) {
    std::memcpy(&ip_.v6, &a, sizeof ip_.v6);
  } else {
    throw std::invalid_argument("weft: an address of a family that is neither IPv4 nor IPv6");
  }
}

address address::parse(std::string_view text) {
  auto const colon = text.rfind(':');
  if (colon == std::string_view::npos) refuse(text);
  auto host = text.substr(0, colon);
  auto const digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) refuse(text);
  address a;
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    std::string v6(host.substr(1, host.size() - 2));
    std::string zone;
    if (auto const percent = v6.find('%'); percent != std::string::npos) {
      zone = v6.substr(percent + 1);
      v6.resize(percent);
    }
    sockaddr_in6 ip{};
    ip.sin6_family = AF_INET6;
    ip.sin6_port = htons(port);
    if (::inet_pton(AF_INET6, v6.c_str(), &ip.sin6_addr) != 1) refuse(text);
    if (!zone.empty() && (ip.sin6_scope_id = ::if_nametoindex(zone.c_str())) == 0) refuse(text);
    a.ip_.v6 = ip;
  } else {
    if (::inet_pton(AF_INET, std::string(host).c_str(), &a.ip_.v4.sin_addr) != 1) refuse(text);
    a.ip_.v4.sin_port = htons(port);
  }
  return a;
}

std::uint16_t address::port() const noexcept { return ntohs(is_v6() ? ip_.v6.sin6_port : ip_.v4.sin_port); }

std::string address::to_string() const {
  char host[INET6_ADDRSTRLEN] = "";
  auto const number = std::to_string(port());
  if (!is_v6()) return std::string(::inet_ntop(AF_INET, &ip_.v4.sin_addr, host, sizeof host)) + ':' + number;
  std::string zone;
  char name[IF_NAMESIZE] = "";
  if (ip_.v6.sin6_scope_id != 0 && ::if_indextoname(ip_.v6.sin6_scope_id, name) != nullptr) zone = std::string("%") + name;
  return '[' + std::string(::inet_ntop(AF_INET6, &ip_.v6.sin6_addr, host, sizeof host)) + zone + "]:" + number;
}

bool operator==(address const& a, address const& b) noexcept {
  if (a.is_v6() != b.is_v6() || a.port() != b.port()) return false;
  if (!a.is_v6()) return a.ip_.v4.sin_addr.s_addr == b.ip_.v4.sin_addr.s_addr;
  return std::memcmp(&a.ip_.v6.sin6_addr, &b.ip_.v6.sin6_addr, sizeof(in6_addr)) == 0 && a.ip_.v6.sin6_scope_id == b.ip_.v6.sin6_scope_id;
}

// A search that is given up does not begin any more, or goes on to its end, and what comes of it is nobody's.
std::vector<address> resolve(std::string_view host, std::uint16_t port, deadline until) {
  detail::checkpoint();
  std::string const name(host);
  if (auto numeric = look_up(name, port, AI_NUMERICHOST); numeric.error == 0) return std::move(numeric.all);
  if (detail::current_core() == nullptr) return addresses_of(look_up(name, port, AI_ADDRCONFIG), name);
  auto search = run_blocking([name, port] { return look_up(name, port, AI_ADDRCONFIG); });
  try {
    if (!search.wait_until(until)) throw timeout_error("weft: resolve '" + name + "' timed out");
  } catch (...) {
    (void)search.cancel();
    throw;
  }
  return addresses_of(std::move(search).get(), name);
}

}  // namespace weft
