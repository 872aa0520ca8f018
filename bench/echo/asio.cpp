// Boost.Asio with callbacks, one thread.
#include "bench/support/asio_server.hpp"

#include "bench/echo/config.hpp"

namespace bench::echo {
namespace {

namespace asio = boost::asio;

struct session : std::enable_shared_from_this<session> {
  explicit session(tcp::socket s) : socket(std::move(s)) {}
  void go_on() {
    socket.async_read_some(asio::buffer(some), [self = shared_from_this()](boost::system::error_code error, std::size_t n) {
      if (error) return;
      asio::async_write(self->socket, asio::buffer(self->some, n), [self](boost::system::error_code failed, std::size_t) {
        if (!failed) self->go_on();
      });
    });
  }
  tcp::socket socket;
  std::array<char, buffer> some;
};

bool const known = add("asio", &serve_by_asio<session, 1>);

}  // namespace
}  // namespace bench::echo
