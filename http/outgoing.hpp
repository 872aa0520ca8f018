#pragma once
// outgoing: a message as its bytes, in as few calls of the system as are worth it.
// Measured: Beast's serializer walks views of views of its buffers; that took 6,100 of the 15,000 instructions of a small exchange.
#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include <weft/http.hpp>

namespace weft::detail {

inline std::string_view view(boost::beast::string_view s) noexcept { return {s.data(), s.size()}; }

inline char digit(unsigned n) noexcept { return static_cast<char>('0' + n % 10); }

inline void append_version(std::string& to, unsigned version) {
  std::array<char, 3> const number{digit(version / 10), '.', digit(version)};
  to.append("HTTP/").append(number.data(), number.size());
}

inline void append_first_line(std::string& to, http_request const& m) {
  to.append(view(m.method_string())).append(" ").append(view(m.target())).append(" ");
  append_version(to, m.version());
}

inline void append_first_line(std::string& to, http_response const& m) {
  append_version(to, m.version());
  std::array<char, 5> const digits{' ', digit(m.result_int() / 100), digit(m.result_int() / 10), digit(m.result_int()), ' '};
  to.append(digits.data(), digits.size()).append(view(m.reason()));
}

inline void append_chunk_size(std::string& to, std::size_t n) {
  std::array<char, 16> digits;
  to.append(digits.data(), std::to_chars(digits.begin(), digits.end(), n, 16).ptr).append("\r\n");
}

// S  All of it, or without the body.
template <class Message>
void write(tcp_stream& s, Message const& m, bool head_only, std::error_code& error) {
  constexpr std::size_t together = 16 * 1024;  // copying that is cheaper than a call of the system
  std::string out;
  out.reserve(512);
  append_first_line(out, m);
  out += "\r\n";
  for (auto const& field : m) out.append(view(field.name_string())).append(": ").append(view(field.value())).append("\r\n");
  out += "\r\n";
  std::string_view body, end;
  if (!head_only) {
    body = m.body();
    if (m.chunked()) {
      if (!body.empty()) append_chunk_size(out, body.size());
      end = body.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
    }
  }
  if (out.size() + body.size() + end.size() <= together) {
    s.write_all(out.append(body).append(end), error);
    return;
  }
  for (std::string_view const part : {std::string_view(out), body, end}) {
    if (!error && !part.empty()) s.write_all(part, error);
  }
}

}  // namespace weft::detail
