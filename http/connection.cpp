#include "http/connection.hpp"

#include <stdexcept>

#include <boost/beast/core/string.hpp>

#include "http/incoming.hpp"
#include "http/outgoing.hpp"
#include "io/peer_watch.hpp"
#include <weft/cancel.hpp>

namespace weft {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t chunk = 4096;            // of the first read of a request
constexpr std::size_t read_ahead = 16 * 1024;  // of a body, beyond what a header may have
constexpr std::chrono::seconds linger_time{1};

// What to answer when reading a request has failed; 0: nobody is there any more.
unsigned status_for(error_code const& e) {
  if (e == boost::asio::error::timed_out) return 408;
  if (e == http::error::header_limit || e == http::error::buffer_overflow) return 431;
  if (e == http::error::body_limit) return 413;
  if (e == http::error::end_of_stream || e == http::error::partial_message) return 0;
  return e.category() == http::make_error_code(http::error::bad_method).category() ? 400 : 0;
}

// RFC 9112, 6.3: what comes behind the header is the next response.
bool never_has_body(unsigned status) { return status == 204 || status == 304; }

http_response plain(unsigned status) {
  http_response r;
  r.result(status);
  r.set(http::field::content_type, "text/plain");
  r.body() = std::string(http::obsolete_reason(r.result())) + "\n";
  r.prepare_payload();
  return r;
}

}  // namespace

http_connection::http_connection(http_server& server, tcp_stream s) noexcept
    : server_(server), limits_(server.options_), stream_(std::move(s)), in_(limits_.header_limit + read_ahead) {}

void http_connection::run() {
  try {
    while (first_byte()) {
      busy_ = true;
      if (!exchange()) return;
      busy_ = false;
    }
  } catch (cancelled const&) {
    if (busy_) server_.cut_.fetch_add(1, std::memory_order_relaxed);
    throw;
  } catch (...) {
    server_.report(std::current_exception());
  }
}

void http_connection::refuse() {
  try {
    refuse(503);
  } catch (cancelled const&) {
    throw;
  } catch (...) {
    server_.report(std::current_exception());
  }
}

bool http_connection::first_byte() {
  if (in_.size() != 0) return true;  // sent together with the last one
  error_code error;
  std::size_t n = 0;
  auto const read = [&] {
    n = stream_.read_some(in_.prepare(chunk), error);
    in_.commit(n);
  };
  stream_.stream().set_read_deadline(limits_.idle_time);
  server_.drain_.unless_begun(read);
  if (n == 0 && !error) {  // the drain has begun: only a request that is there already is answered, which takes no waiting
    stream_.stream().set_read_deadline(clock::duration::zero());
    read();
    if (n == 0) read();  // the first may have relied on there being nothing: see descriptor, N5
  }
  return n != 0;
}

bool http_connection::exchange() {
  detail::incoming<true> incoming(stream_, in_, limits_.header_limit, limits_.body_limit);
  auto error = incoming.read_header(limits_.header_time);
  if (!error && !incoming.is_done()) {
    deadline const until = limits_.body_time;
    if (boost::beast::iequals(incoming.get()[http::field::expect], "100-continue")) {
      stream_.stream().set_write_deadline(limits_.write_time);
      std::error_code gone;  // reading will say so
      stream_.stream().write_all("HTTP/1.1 100 Continue\r\n\r\n", gone);
    }
    error = incoming.read_body(until);
  }
  if (error) {
    if (auto const status = status_for(error); status != 0) refuse(status);
    return false;
  }
  auto const request = incoming.release();
  auto answered = handle(request);
  if (!answered) return false;
  http_response& response = *answered;
  bool const keep = request.keep_alive() && response.keep_alive() && (!server_.drain_.begun() || in_.size() != 0);
  response.version(request.version());
  response.keep_alive(keep);
  if (!send(response, request.method() == http::verb::head)) return false;
  if (!keep) linger();
  return keep;
}

std::optional<http_response> http_connection::answer(http_request const& request) {
  if (!limits_.cancel_when_gone) return server_.handler_(request);
  detail::peer_watch watch(stream_.stream());
  try {
    return server_.handler_(request);
  } catch (cancelled const&) {
    if (!watch.leave()) throw;
  }
  return std::nullopt;
}

std::optional<http_response> http_connection::handle(http_request const& request) {
  try {
    auto answered = answer(request);
    if (!answered) return answered;
    http_response& response = *answered;
    if (response.result_int() < 200) throw std::logic_error("weft: a handler's response is not final");
    if (never_has_body(response.result_int())) {
      response.body().clear();
      response.erase(http::field::transfer_encoding);
      response.erase(http::field::content_length);
    } else if (!response.chunked() || request.version() < 11) {
      response.prepare_payload();
    }
    return answered;
  } catch (cancelled const&) {
    throw;
  } catch (...) {
    server_.report(std::current_exception());
  }
  return plain(500);
}

bool http_connection::send(http_response const& response, bool head_only) {
  std::error_code error;
  stream_.stream().set_write_deadline(limits_.write_time);
  detail::write(stream_.stream(), response, head_only, error);
  return !error;
}

void http_connection::refuse(unsigned status) {
  auto response = plain(status);
  response.keep_alive(false);
  if (send(response, false)) linger();
}

// Closed with bytes unread, the kernel would reset the connection, and the other side might lose the response: so its end is awaited.
void http_connection::linger() {
  busy_ = false;
  tcp_stream& s = stream_.stream();
  deadline const until = linger_time;
  s.set_read_deadline(until);
  try {
    s.shutdown_write();
  } catch (std::system_error const&) {
    return;
  }
  error_code error;
  in_.clear();
  while (!error && !until.passed()) stream_.read_some(in_.prepare(chunk), error);
}

}  // namespace weft
