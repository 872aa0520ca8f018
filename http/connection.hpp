#pragma once
// http_connection: one connection of a server, from its first byte to its last: request after request, each within its limits.
#include <optional>

#include <boost/beast/core/flat_buffer.hpp>

#include <weft/asio_stream.hpp>
#include <weft/http.hpp>

namespace weft {

class http_connection {
 public:
  http_connection(http_server&, tcp_stream) noexcept;
  // S  Serves it until either side wants no more. Throws nothing but `cancelled`.
  void run();
  // S  Says 503 instead.
  void refuse();

 private:
  bool first_byte();  // S  of the next request; false: none will come
  bool exchange();    // S  a request and its response; false: the last
  std::optional<http_response> handle(http_request const&);   // S  empty: the client has gone, and the handler has been told
  std::optional<http_response> answer(http_request const&);   // S
  bool send(http_response const&, bool head_only);  // S  false: the other side does not take it
  void refuse(unsigned status);
  void linger();  // S  after the last response

  http_server& server_;
  http_options const& limits_;
  asio_stream<tcp_stream> stream_;
  boost::beast::flat_buffer in_;  // what has come of the next requests
  bool busy_ = false;             // with a request that is to be answered
};

}  // namespace weft
