// Boost.Beast on Boost.Asio with callbacks, one thread: without any limit in time, and with one for each request, as weft::http has.
#include "bench/support/asio_server.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <optional>

#include "bench/http/config.hpp"

namespace bench::http {
namespace {

namespace beast = boost::beast;

template <class Stream>
class session : public std::enable_shared_from_this<session<Stream>> {
 public:
  explicit session(tcp::socket s) : stream_(std::move(s)) {}

  void go_on() {
    parser_.emplace();
    limit();
    beast::http::async_read(stream_, in_, *parser_, [self = this->shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->answer();
    });
  }

 private:
  void answer() {
    auto const& request = parser_->get();
    response_ = {beast::http::status::ok, request.version()};
    response_.set(beast::http::field::content_type, "text/plain");
    response_.keep_alive(request.keep_alive());
    response_.body() = page;
    response_.prepare_payload();
    limit();
    beast::http::async_write(stream_, response_, [self = this->shared_from_this()](beast::error_code error, std::size_t) {
      if (!error && self->response_.keep_alive()) self->go_on();
    });
  }
  void limit() {
    if constexpr (requires { stream_.expires_after(std::chrono::minutes{1}); }) stream_.expires_after(std::chrono::minutes{1});
  }

  Stream stream_;
  beast::flat_buffer in_;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  beast::http::response<beast::http::string_body> response_;
};

bool const known = add("asio_beast", &serve_by_asio<session<tcp::socket>, 1>);
bool const also_known = add("asio_beast_timed", &serve_by_asio<session<beast::tcp_stream>, 1>) && add_beside_slow("asio_beast_timed");

}  // namespace
}  // namespace bench::http
