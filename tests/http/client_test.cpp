// http_fetch: what it takes for the answer, and its bounds.
#include <boost/system/system_error.hpp>

#include "tests/http/client.hpp"

using namespace shapes;
using namespace http_tests;
using namespace std::chrono_literals;

namespace {

// A server that says this to whoever comes, again and again if `for_ever`; f(its address).
template <class F>
void saying(std::string const& what, bool for_ever, F&& f) {
  on_all([&] {
    weft::tcp_listener listener(weft::address::loopback(0));
    weft::with_group([&](weft::task_group& g) {
      auto const server = g.spawn([&] {
        auto s = listener.accept();
        std::string request;
        std::error_code gone;
        (void)s.read_until(request, "\r\n\r\n", 10'000, gone);  // who has little time may be gone before it has asked
        if (gone) return;
        do s.write_all(what, gone);
        while (for_ever && !gone);
      });
      f(listener.local_address());
      (void)server.cancel();  // nobody has come, if there was no time even for that
    });
  });
}

}  // namespace

TEST_CASE("what only informs is not the answer; without a length it goes up to the end") {
  saying("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nall of it", false,
         [](weft::address const& a) {
           auto const answer = weft::http_get(a, "/");
           CHECK(answer.result_int() == 200);
           CHECK(answer.body() == "all of it");
         });
}

TEST_CASE("an answer without an end is refused, or late: header, body, what describes a chunk") {
  for (std::string const what : {"X: y\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a"}) {
    saying(what, true, [](weft::address const& a) { CHECK_THROWS_AS((void)weft::http_get(a, "/"), boost::system::system_error); });
  }
  saying("HTTP/1.1 100 Continue\r\n\r\n", true, [](weft::address const& a) {
    CHECK_THROWS_AS((void)weft::http_get(a, "/", 30ms), weft::timeout_error);
  });
}

TEST_CASE("an answer that breaks off is an error") {
  for (std::string const what : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    saying(what, false, [](weft::address const& a) { CHECK_THROWS_AS((void)weft::http_get(a, "/"), boost::system::system_error); });
  }
}
