#pragma once
// incoming: one message as it comes, within bounds. Beast alone counts no header that comes in many pieces, and a stream that always
// has something to read is never late.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <weft/asio_stream.hpp>

namespace weft::detail {

template <bool is_request>
class incoming {
 public:
  using message = boost::beast::http::message<is_request, boost::beast::http::string_body>;
  using error_code = boost::system::error_code;

  // `in`: what has come already, and what comes behind the message. Its maximum bounds a chunk's header, and the trailer.
  incoming(asio_stream<tcp_stream>& from, boost::beast::flat_buffer& in, std::uint32_t header_limit, std::uint64_t body_limit)
      : from_(from), in_(in), header_limit_(header_limit) {
    parser_.header_limit(header_limit);
    parser_.body_limit(body_limit);
  }

  // S  Beast sees it when it is whole.
  error_code read_header(deadline until) {
    from_.stream().set_read_deadline(until);
    error_code error;
    while (!error && end_of_header() == std::string_view::npos) {
      if (in_.size() >= header_limit_) return boost::beast::http::error::header_limit;
      read(until, header_limit_ - in_.size(), error);
    }
    if (error == boost::asio::error::eof) {
      return in_.size() == 0 ? boost::beast::http::error::end_of_stream : boost::beast::http::error::partial_message;
    }
    if (!error) in_.consume(parser_.put(in_.data(), error));
    if (!error && ambiguous()) return boost::beast::http::error::bad_transfer_encoding;
    if (parser_.chunked()) fields_ = parser_.get().base();
    return error;
  }

  // S  Once there is the header. Chunks may be followed by more fields: those are dropped, a proxy has not looked at them.
  error_code read_body(deadline until) {
    from_.stream().set_read_deadline(until);
    parser_.eager(true);
    error_code error;
    for (std::size_t least = 1; !parser_.is_done();) {
      if (in_.size() < least) {
        if (in_.size() == in_.max_size()) return boost::beast::http::error::buffer_overflow;
        read(until, in_.max_size() - in_.size(), error);
        if (error == boost::asio::error::eof) {
          error = {};
          parser_.put_eof(error);
        }
        if (error) return error;
        continue;
      }
      in_.consume(parser_.put(in_.data(), error));
      least = 1;
      if (error == boost::beast::http::error::need_more) {
        least = std::max(in_.size() + 1, shortest_rest);
      } else if (error) {
        return error;
      }
    }
    return {};
  }

  [[nodiscard]] bool is_done() const { return parser_.is_done(); }
  [[nodiscard]] message const& get() const { return parser_.get(); }
  [[nodiscard]] boost::beast::http::parser<is_request, boost::beast::http::string_body>& parser() { return parser_; }
  [[nodiscard]] message release() {
    auto m = parser_.release();
    if (fields_) m.base() = std::move(*fields_);
    return m;
  }

 private:
  static constexpr std::size_t chunk = 16 * 1024;      // of a read
  static constexpr std::size_t shortest_rest = 5;      // of a body in chunks; Beast 1.74 asserts that it is fed no less

  [[nodiscard]] std::size_t end_of_header() const {
    std::string_view const all(static_cast<char const*>(in_.data().data()), std::min<std::size_t>(in_.size(), header_limit_));
    return all.find("\r\n\r\n");
  }
  // A length that two readers may understand differently: RFC 9112, 6.3.
  [[nodiscard]] bool ambiguous() const {
    using boost::beast::http::field;
    auto const& m = parser_.get();
    return m.count(field::transfer_encoding) != 0 && (!parser_.chunked() || m.version() < 11 || m.count(field::content_length) != 0);
  }
  void read(deadline until, std::size_t most, error_code& error) {
    if (until.passed()) {
      error = boost::asio::error::timed_out;
      return;
    }
    in_.commit(from_.read_some(in_.prepare(std::min(chunk, most)), error));
  }

  asio_stream<tcp_stream>& from_;
  boost::beast::flat_buffer& in_;
  std::uint32_t const header_limit_;
  boost::beast::http::parser<is_request, boost::beast::http::string_body> parser_;
  std::optional<typename message::header_type> fields_;  // those before the chunks
};

}  // namespace weft::detail
