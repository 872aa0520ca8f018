// Boost.Asio with callbacks: as many threads as the others have, and four times as many.
#include "bench/support/asio_server.hpp"

#include "bench/mixed/config.hpp"

namespace bench::mixed {
namespace {

namespace asio = boost::asio;

struct session : std::enable_shared_from_this<session> {
  explicit session(tcp::socket s) : socket(std::move(s)) {}
  void go_on() {
    asio::async_read(socket, asio::buffer(r), [self = shared_from_this()](boost::system::error_code error, std::size_t) {
      if (error) return;
      handle(self->r[0]);
      asio::async_write(self->socket, asio::buffer(self->r), [self](boost::system::error_code failed, std::size_t) {
        if (!failed) self->go_on();
      });
    });
  }
  tcp::socket socket;
  request r;
};

bool const known = add("asio", &serve_by_asio<session, threads>);
bool const also_known = add("asio_8_threads", &serve_by_asio<session, 4 * threads>);

}  // namespace
}  // namespace bench::mixed
