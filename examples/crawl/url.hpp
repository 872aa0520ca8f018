#pragma once
// Where a page is, and where a reference on it leads: RFC 3986, of http alone.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crawl {

// Two that lead to the same page are equal, as far as one can tell without asking.
struct url {
  std::string host;  // in lower case; an IPv6 address in brackets
  std::uint16_t port = 80;
  std::string target = "/";  // path and query as a request names them: no dots to resolve, no fragment, nothing but printable ASCII

  // "http://HOST[:PORT][/PATH][?QUERY]". Empty: it is none, or one with a user's name in it.
  [[nodiscard]] static std::optional<url> parse(std::string_view text);
  // Of a reference on this page, relative or not. Empty: it leads out of http.
  [[nodiscard]] std::optional<url> resolve(std::string_view reference) const;

  [[nodiscard]] std::string authority() const;  // as the field Host has it
  [[nodiscard]] std::string to_string() const { return "http://" + authority() + target; }
  [[nodiscard]] bool same_site(url const& other) const { return host == other.host && port == other.port; }
};

}  // namespace crawl
