// Boost.Asio with callbacks: as many threads as the others have, and four times as many.
#include <utility>  // Boost 1.74 forgets it

#include <boost/asio.hpp>

#include <memory>
#include <vector>

#include "bench/mixed/config.hpp"

namespace bench::mixed {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

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

void accept_more(tcp::acceptor& a) {
  a.async_accept([&a](boost::system::error_code error, tcp::socket s) {
    if (error) return;
    s.set_option(tcp::no_delay(true));
    std::make_shared<session>(std::move(s))->go_on();
    accept_more(a);
  });
}

void run_threads(int n, tell const& tell_port) {
  asio::io_context context(n);
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  accept_more(acceptor);
  tell_port(acceptor.local_endpoint().port());
  std::vector<std::thread> others;
  for (int i = 1; i != n; ++i) others.emplace_back([&context] { context.run(); });
  context.run();
}

bool const known = add("asio", [](tell const& t) { run_threads(threads, t); });
bool const also_known = add("asio_8_threads", [](tell const& t) { run_threads(4 * threads, t); });

}  // namespace
}  // namespace bench::mixed
