// Boost.Asio with callbacks, one thread.
#include <utility>  // Boost 1.74 forgets it

#include <boost/asio.hpp>

#include <array>
#include <memory>

#include "bench/echo/config.hpp"

namespace bench::echo {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

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
  std::array<char, 4096> some;
};

void accept_more(tcp::acceptor& a) {
  a.async_accept([&a](boost::system::error_code error, tcp::socket s) {
    if (error) return;
    s.set_option(tcp::no_delay(true));
    std::make_shared<session>(std::move(s))->go_on();
    accept_more(a);
  });
}

void run(tell const& tell_port) {
  asio::io_context context(1);
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  accept_more(acceptor);
  tell_port(acceptor.local_endpoint().port());
  context.run();
}

void closed_asio(State& state) { measure(state, "asio"); }
BENCHMARK(closed_asio)->Name("echo/closed/asio")->Apply(connections);
bool const known = servers().emplace("asio", &run).second;

}  // namespace
}  // namespace bench::echo
