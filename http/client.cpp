#include <boost/beast/core/flat_buffer.hpp>

#include "http/incoming.hpp"
#include "http/outgoing.hpp"
#include <weft/asio_stream.hpp>
#include <weft/http.hpp>

namespace weft {

namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t header_limit = 64 * 1024;
constexpr std::size_t read_ahead = 16 * 1024;
constexpr std::uint64_t body_limit = std::uint64_t{8} << 20;

bool informs(unsigned status) { return status / 100 == 1 && status != 101; }

}  // namespace

http_response http_fetch(address const& to, http_request request, deadline until) {
  asio_stream<tcp_stream> s(tcp_stream::connect(to, until));
  s.stream().set_deadline(until);
  if (request.find(http::field::host) == request.end()) request.set(http::field::host, to.to_string());
  request.keep_alive(false);
  request.prepare_payload();
  std::error_code refused;  // early, perhaps: there may be an answer, so reading decides
  detail::write(s.stream(), request, false, refused);
  boost::beast::flat_buffer in(header_limit + read_ahead);
  for (;;) {
    detail::incoming<false> incoming(s, in, header_limit, body_limit);
    incoming.parser().skip(request.method() == http::verb::head);
    auto error = incoming.read_header(until);
    if (!error && informs(incoming.get().result_int())) continue;  // the answer comes behind it
    if (!error) error = incoming.read_body(until);
    if (error == boost::asio::error::timed_out) throw timeout_error("weft: http_fetch timed out");
    if (error) throw boost::system::system_error(error, "weft: http_fetch");
    return incoming.release();
  }
}

http_response http_get(address const& to, std::string_view target, deadline until) {
  return http_fetch(to, http_request(http::verb::get, {target.data(), target.size()}, 11), until);
}

}  // namespace weft
