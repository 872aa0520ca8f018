#pragma once
// A connection to a Redis server, for one task: hiredis formats and parses, weft waits.

#include <weft/tcp.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "decoder.hpp"
#include "request.hpp"

namespace redis {

inline constexpr std::size_t default_reply_limit = 16 << 20;  // bytes

// Errors: connection_lost, protocol_error, weft::timeout_error.
class connection {
 public:
  // S  std::system_error, weft::timeout_error.
  explicit connection(weft::address const& to, weft::deadline until = weft::never, std::size_t reply_limit = default_reply_limit);

  // S  The reply to a single command; what the server refuses is thrown: server_error.
  reply call(request const&, weft::deadline until = weft::never);
  // S  Sends all, then reads the replies to all. Refused ones are among them: the others have been carried out.
  // Ends otherwise, also by being cancelled: the connection is closed, for replies would come that nobody reads.
  std::vector<reply> pipeline(request const&, weft::deadline until = weft::never);

  // S  The two halves, for one task each.
  void send(std::string_view wire);
  // On a time-out nothing is lost: call it again.
  reply receive(weft::deadline until = weft::never);

 private:
  weft::tcp_stream stream_;
  decoder decoder_;
  std::array<char, 16 * 1024> in_;
};

// What call() and the client's do with the replies to a single command.
[[nodiscard]] reply only(std::vector<reply> const&);

}  // namespace redis
