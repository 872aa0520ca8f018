#pragma once
// A connection to the service that is kept from request to request.

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <weft/asio_stream.hpp>
#include <weft/http.hpp>

namespace drive {

class connection {
 public:
  // S
  explicit connection(weft::address const& to) : stream_{weft::tcp_stream::connect(to, patience)} {}

  // S  The response's status.
  unsigned ask(weft::http_request const& request) {
    stream_.stream().set_deadline(patience);
    boost::beast::http::write(stream_, request);
    weft::http_response response;
    boost::beast::http::read(stream_, in_, response);
    return response.result_int();
  }

 private:
  static constexpr std::chrono::seconds patience{10};

  weft::asio_stream<weft::tcp_stream> stream_;
  boost::beast::flat_buffer in_;
};

}  // namespace drive
