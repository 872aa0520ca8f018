#pragma once
// http_server: HTTP/1.1 on Boost.Beast, a task per connection, handlers that just block. And a client for one request. Messages are
// held whole; fields behind a body in chunks are dropped. A handler cannot upgrade.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <weft/deadline.hpp>
#include <weft/detail/drain.hpp>
#include <weft/tcp.hpp>

namespace weft {

using http_request = boost::beast::http::request<boost::beast::http::string_body>;
using http_response = boost::beast::http::response<boost::beast::http::string_body>;

// What a client may take of the server. Over a limit it gets the status in the comment, and the connection is closed.
struct http_options {
  std::uint32_t header_limit = 8 * 1024;       // bytes: 431
  std::uint64_t body_limit = 1024 * 1024;      // bytes: 413
  std::size_t max_connections = 1000;          // 503
  clock::duration header_time = std::chrono::seconds(10);  // from a request's first byte to the end of its header: 408
  clock::duration body_time = std::chrono::seconds(30);    // from there to its end: 408
  clock::duration idle_time = std::chrono::seconds(60);    // for the first byte of a request, also the first one: closed
  clock::duration write_time = std::chrono::seconds(30);   // for taking a response: closed
  // A handler whose client has gone is cancelled (cause `requested`), and the connection is closed. A client that only ends its side, to read
  // the answer then, as HTTP allows and `nc -N` does, cannot be told from one that has gone: it gets none, unless the handler
  // swallows the cancellation.
  bool cancel_when_gone = false;
  // What a handler has thrown, `cancelled` excepted, and what else ends a connection and is not the client's doing. From several
  // threads at once; throws nothing. Default: one line on stderr.
  std::function<void(std::exception_ptr)> on_error = {};
};

// Answers a request. Runs in its connection's task, so several do at once, and may suspend. Length (unless it is in chunks), version,
// and whether the connection is kept are filled in; for HEAD, 204 and 304 the body is left out. What it throws makes a 500, and so does
// a response that is none yet (1xx); `cancelled` closes the connection.
using http_handler = std::function<http_response(http_request const&)>;

class http_server {
 public:
  // Listens from now on. std::system_error.
  http_server(address const&, http_handler, http_options = {});
  ~http_server();
  http_server(http_server const&) = delete;
  http_server& operator=(http_server const&) = delete;

  [[nodiscard]] address local_address() const;  // std::system_error

  // S  Serves until stop(), and then until all connections have ended. False: the grace was over, and a request that ran was
  // cancelled. Once, in a task. Cancelled: cancels all connections, waits for them, and throws `cancelled`.
  // std::system_error: the listener is no good any more.
  bool serve();

  // Connections the kernel has accepted by now are still served (or refused, as ever), no others. Those that are idle are closed;
  // requests of which a byte has come are answered, the last of a connection with `Connection: close`. When the grace is over they are cancelled. Waits for nothing; any
  // thread. A second call has no effect: to end it sooner, cancel who serves.
  void stop(deadline grace = never) noexcept;

  [[nodiscard]] std::size_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }  // now served
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }        // max_connections

 private:
  friend class http_connection;
  tcp_stream next();
  void report(std::exception_ptr) const noexcept;

  tcp_listener listener_;
  http_handler const handler_;
  http_options const options_;
  detail::drain drain_;
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::uint64_t> refused_ = 0, cut_ = 0;
};

// S  Connects, sends the request, and gives the response, of any status and at most 8 MiB; Host and the length are filled in.
// std::system_error, boost::system::system_error, timeout_error.
[[nodiscard]] http_response http_fetch(address const&, http_request, deadline = never);
// GET of that target, such as "/path?query".
[[nodiscard]] http_response http_get(address const&, std::string_view target, deadline = never);

}  // namespace weft
