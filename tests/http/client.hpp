#pragma once
// A client that sends what a test says, byte for byte, and a server that serves meanwhile.
#include <chrono>
#include <string>
#include <string_view>

#include <weft/http.hpp>

#include "tests/support/shapes.hpp"

namespace http_tests {

struct answer {
  int status = 0;  // 0: the connection has ended
  std::string head, body;
  [[nodiscard]] bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

class client {
 public:
  explicit client(weft::address const& to) : s_(weft::tcp_stream::connect(to)) { s_.set_deadline(std::chrono::seconds(20)); }

  client& send(std::string_view text) {
    s_.write_all(text);
    return *this;
  }
  void get(std::string_view target = "/") { send("GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n"); }
  // The next response; its length is as its header says, or none with `bodiless`.
  answer response(bool bodiless = false) {
    answer a;
    std::error_code error;
    auto const n = s_.read_until(read_, "\r\n\r\n", 10'000, error);
    if (n == 0) return a;
    a.head = read_.substr(0, n);
    read_.erase(0, n);
    a.status = std::stoi(a.head.substr(a.head.find(' ')));
    auto const length = a.head.find("Content-Length: ");
    if (bodiless || length == std::string::npos) return a;
    auto const size = static_cast<std::size_t>(std::stoul(a.head.substr(length + 16)));
    while (read_.size() < size) more();
    a.body = read_.substr(0, size);
    read_.erase(0, size);
    return a;
  }
  std::string rest() {  // up to the end
    while (more()) {}
    return std::exchange(read_, {});
  }
  [[nodiscard]] bool ended() { return rest().empty(); }
  [[nodiscard]] weft::tcp_stream& stream() noexcept { return s_; }

 private:
  bool more() {
    char some[4096];
    auto const n = s_.read_some(some);
    read_.append(some, n);
    return n != 0;
  }

  weft::tcp_stream s_;
  std::string read_;
};

inline weft::http_response text(std::string body) {
  weft::http_response r;
  r.body() = std::move(body);
  return r;
}

// Method, target and body.
inline weft::http_response echo(weft::http_request const& q) {
  return text(std::string(q.method_string()) + ' ' + std::string(q.target()) + ' ' + q.body());
}

// f(server), served on 1, 2 and 4 workers; then the server drains, and no request is lost.
template <class F>
void serving(weft::http_handler const& handler, weft::http_options const& options, F&& f) {
  shapes::on_all([&] {
    weft::http_server server(weft::address::loopback(0), handler, options);
    auto served = weft::fork([&server] { return server.serve(); });
    f(server);
    server.stop();
    CHECK(served.get());
    CHECK(server.connections() == 0);
  });
}

}  // namespace http_tests
