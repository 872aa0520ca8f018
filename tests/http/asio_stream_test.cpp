// asio_stream: Asio's rules for streams that block, and Beast's WebSocket and asio::ssl over it.
#include <array>

#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <weft/asio_stream.hpp>

#include "tests/http/certificate.hpp"
#include "tests/http/client.hpp"
#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

using asio_tcp = weft::asio_stream<weft::tcp_stream>;
static_assert(beast::is_sync_stream<asio_tcp>::value);
static_assert(beast::is_sync_stream<weft::asio_stream<weft::stream&>>::value);

namespace {

template <std::size_t n>
using buffers = std::array<asio::const_buffer, n>;

struct asio_pair {
  explicit asio_pair(pair p = connected()) : client(std::move(p.client)), server(std::move(p.server)) {}
  asio_tcp client, server;
};

std::string text_of(beast::flat_buffer const& b) { return {static_cast<char const*>(b.data().data()), b.size()}; }

asio::ssl::context context_with(certificate::pem const& key) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  context.use_certificate(asio::buffer(key.certificate), asio::ssl::context::pem);
  context.use_private_key(asio::buffer(key.private_key), asio::ssl::context::pem);
  return context;
}

}  // namespace

TEST_CASE("reading: into the first buffer with room; the end is eof; nothing to read into is 0") {
  on_all([] {
    auto [client, server] = connected();
    weft::asio_stream<weft::stream&> s(server);
    char some[10];
    std::array<asio::mutable_buffer, 3> const three{asio::mutable_buffer(), asio::buffer(some, 2), asio::buffer(some + 2, 8)};
    client.write_all("abcd");
    error_code error = asio::error::eof;
    CHECK(s.read_some(three, error) == 2);
    CHECK_FALSE(error);
    CHECK(s.read_some(asio::buffer(some)) == 2);
    CHECK(s.read_some(asio::mutable_buffer(), error) == 0);
    CHECK_FALSE(error);
    CHECK(s.write_some(asio::const_buffer()) == 0);
    client.shutdown_write();
    CHECK(s.read_some(three, error) == 0);
    CHECK(error == asio::error::eof);
    try {
      s.read_some(three);
      FAIL("the stream has ended");
    } catch (boost::system::system_error const& e) {
      CHECK(e.code() == asio::error::eof);
    }
    server.close();
    CHECK(s.write_some(asio::buffer("x", 1), error) == 0);
    CHECK(error == asio::error::operation_aborted);
  });
}

TEST_CASE("errors: a deadline is timed_out or timeout_error, the system's come through, `cancelled` is itself in both forms") {
  on_all([] {
    asio_pair p;
    char some[10];
    error_code error;
    p.server.stream().set_read_deadline(1ms);
    CHECK(p.server.read_some(asio::buffer(some), error) == 0);
    CHECK(error == asio::error::timed_out);
    CHECK_THROWS_AS(p.server.read_some(asio::buffer(some)), weft::timeout_error);
    p.server.stream().set_deadline(weft::never);
    for (bool const throwing : {false, true}) {
      auto const t = weft::spawn([&] {
        (void)(throwing ? p.server.read_some(asio::buffer(some)) : p.server.read_some(asio::buffer(some), error));
      });
      until([&] { return t.state() == weft::task_state::suspended; });
      (void)t.cancel();
      t.wait();
      CHECK(t.cancelled());
    }
    linger const at_once{1, 0};
    ::setsockopt(p.client.stream().native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    p.client.stream() = weft::tcp_stream();
    CHECK(p.server.read_some(asio::buffer(some), error) == 0);
    CHECK(error == asio::error::connection_reset);
  });
}

TEST_CASE("writing: small buffers go out together, in their order; large ones as they are") {
  on_all([] {
    asio_pair p;
    std::string const large(5000, 'x');
    CHECK(p.client.write_some(buffers<4>{asio::buffer("ab", 2), asio::const_buffer(), asio::buffer("cd", 2), asio::buffer("e", 1)}) == 5);
    CHECK(p.client.write_some(buffers<2>{asio::buffer("fg", 2), asio::buffer(large)}) > 2);
    CHECK(p.client.write_some(buffers<2>{asio::buffer(large), asio::buffer("fg", 2)}) == large.size());
    CHECK(read(p.server.stream(), 17) == "abcdefg" + std::string(10, 'x'));
    p.client.stream().close();
    CHECK(read_all(p.server.stream()).find_first_not_of('x') == std::string::npos);
    std::string const all(3'000'000, 'y');
    asio_pair q;
    auto writing = weft::fork([&] { asio::write(q.client, buffers<3>{asio::buffer("b", 1), asio::buffer(all), asio::buffer("e", 1)}); });
    CHECK(read(q.server.stream(), all.size() + 2) == 'b' + all + 'e');
    writing.get();
  });
}

TEST_CASE("WebSocket: messages of both kinds, pieces, and the close come through") {
  on_all([] {
    asio_pair p;
    auto echoing = weft::fork([&p] {
      beast::websocket::stream<asio_tcp> ws(std::move(p.server));
      ws.accept();
      for (;;) {
        beast::flat_buffer in;
        error_code error;
        ws.read(in, error);
        if (error == beast::websocket::error::closed) return ws.reason().code == beast::websocket::close_code::normal;
        if (error) return false;
        ws.text(ws.got_text());
        ws.write(in.data());
      }
    });
    beast::websocket::stream<asio_tcp> ws(std::move(p.client));
    ws.handshake("localhost", "/echo");
    for (std::size_t const size : {0, 5, 200, 70'000}) {
      std::string const sent(size, 'm');
      ws.binary(size == 200);
      ws.write(asio::buffer(sent));
      beast::flat_buffer in;
      ws.read(in);
      CHECK(text_of(in) == sent);
      CHECK(ws.got_binary() == (size == 200));
    }
    ws.close(beast::websocket::close_code::normal);
    CHECK(echoing.get());
  });
}

TEST_CASE("TLS: handshake against a certificate, HTTP in it, and both ends say that it ends") {
  auto const key = certificate::make("localhost");
  on_all([&key] {
    asio_pair p;
    auto serving = weft::fork([&] {
      auto context = context_with(key);
      asio::ssl::stream<asio_tcp> tls(std::move(p.server), context);
      tls.handshake(asio::ssl::stream_base::server);
      beast::flat_buffer in;
      weft::http_request request;
      beast::http::read(tls, in, request);
      auto answer = http_tests::echo(request);
      answer.prepare_payload();
      beast::http::write(tls, answer);
      error_code error;
      tls.shutdown(error);
      return error;
    });
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.set_verify_mode(asio::ssl::verify_peer);
    context.add_certificate_authority(asio::buffer(key.certificate));
    asio::ssl::stream<asio_tcp> tls(std::move(p.client), context);
    tls.set_verify_callback(asio::ssl::host_name_verification("localhost"));
    tls.handshake(asio::ssl::stream_base::client);
    weft::http_request request(beast::http::verb::post, "/tls", 11, std::string(100'000, 'x'));
    request.prepare_payload();
    beast::http::write(tls, request);
    beast::flat_buffer in;
    weft::http_response answer;
    beast::http::read(tls, in, answer);
    CHECK(answer.body() == "POST /tls " + request.body());
    error_code error;
    tls.shutdown(error);
    CHECK_FALSE(error);
    CHECK_FALSE(serving.get());
  });
}

TEST_CASE("TLS: a certificate that nobody vouches for fails the handshake at both ends") {
  auto const key = certificate::make("localhost");
  on_all([&key] {
    asio_pair p;
    auto serving = weft::fork([&] {
      auto context = context_with(key);
      asio::ssl::stream<asio_tcp> tls(std::move(p.server), context);
      error_code error;
      tls.handshake(asio::ssl::stream_base::server, error);
      char c;
      if (!error) tls.read_some(asio::buffer(&c, 1), error);  // TLS 1.3: the refusal comes behind it
      return error;
    });
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.set_verify_mode(asio::ssl::verify_peer);
    asio::ssl::stream<asio_tcp> tls(std::move(p.client), context);
    error_code error;
    tls.handshake(asio::ssl::stream_base::client, error);
    CHECK(error.category() == asio::error::get_ssl_category());
    CHECK(serving.get().category() == asio::error::get_ssl_category());
  });
}
