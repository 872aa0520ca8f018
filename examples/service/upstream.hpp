#pragma once
// The slow service that /upstream asks. In the same process, for there is no other here, but over TCP like any.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <weft/http.hpp>
#include <weft/runtime.hpp>

namespace service {

class upstream {
 public:
  [[nodiscard]] weft::address where() const { return server_.local_address(); }
  [[nodiscard]] std::uint64_t asked() const { return asked_.load(); }

  // S  Until it is cancelled.
  void serve() { server_.serve(); }

 private:
  // As if there were two servers behind: the first hangs now and then, and what asks for /lost hangs always. Longer than anybody has
  // patience.
  weft::http_response answer(weft::http_request const& request) {
    using namespace std::chrono_literals;
    bool const hangs = (asked_.fetch_add(1) % 2 == 0 && request.target() == "/first") || request.target() == "/lost";
    weft::this_task::sleep_for(hangs ? 3s : 10ms);
    weft::http_response r;
    r.body() = hangs ? "late\n" : "in time\n";
    return r;
  }

  std::atomic<std::uint64_t> asked_{0};
  weft::http_server server_{weft::address::loopback(0), [this](weft::http_request const& q) { return answer(q); }};
};

}  // namespace service
