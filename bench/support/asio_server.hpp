#pragma once
// Boost.Asio with callbacks.
#include <utility>  // Boost 1.74 forgets it

#include <boost/asio.hpp>

#include <memory>
#include <thread>
#include <vector>

#include "bench/support/server_process.hpp"

namespace bench {

using boost::asio::ip::tcp;

template <class Session>
void accept_more(tcp::acceptor& a) {
  a.async_accept([&a](boost::system::error_code error, tcp::socket s) {
    if (error) return;
    s.set_option(tcp::no_delay(true));
    std::make_shared<Session>(std::move(s))->go_on();
    accept_more<Session>(a);
  });
}

// A Session(tcp::socket) for each connection; it keeps itself alive from go_on() on.
template <class Session, int threads>
void serve_by_asio(tell const& tell_port) {
  boost::asio::io_context context(threads);
  tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
  accept_more<Session>(acceptor);
  tell_port(acceptor.local_endpoint().port());
  std::vector<std::thread> others;
  for (int i = 1; i != threads; ++i) others.emplace_back([&context] { context.run(); });
  context.run();
}

}  // namespace bench
