// Ten thousand connections that never finish a header: each is shown out when its time is over, and the others are served meanwhile.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

#include <sys/resource.h>

#include "tests/http/client.hpp"

using namespace http_tests;
using namespace shapes;
using namespace std::chrono_literals;

namespace {

// As many as this process may have descriptors for, both ends of each.
std::size_t at_most(std::size_t wanted) {
  rlimit most{};
  ::getrlimit(RLIMIT_NOFILE, &most);
  most.rlim_cur = most.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &most);
  auto const n = std::min<std::size_t>(wanted, (std::max<rlim_t>(most.rlim_cur, 400) - 200) / 2);
  MESSAGE("slow connections: " << n);
  return n;
}

// Sends a byte now and then, until the server wants no more; true: it has said 408, or has just closed.
bool is_shown_out(weft::tcp_stream& s) {
  std::error_code error;
  std::string answer;
  do {
    s.write_all("x", error);
    s.set_read_deadline(50ms);
    (void)s.read_until(answer, "\r\n\r\n", 1000, error);
  } while (error == std::errc::timed_out);
  return answer.empty() || answer.starts_with("HTTP/1.1 408 ");
}

}  // namespace

TEST_CASE("slow loris, thousands of them: 408 when the time is over; who asks properly is answered meanwhile") {
  auto const n = at_most(storm::sanitized ? 500 : 10'000);
  serving(echo, {.max_connections = 20'000, .header_time = 100ms, .on_error = [](std::exception_ptr) {}}, [n](weft::http_server& server) {
    std::vector<weft::tcp_stream> slow(n);
    for (auto& s : slow) {
      s = weft::tcp_stream::connect(server.local_address());
      s.write_all("GET / HTTP/1.1\r\nX: ");
    }
    std::atomic<bool> over = false;
    std::atomic<std::size_t> answered = 0, shown_out = 0;
    auto healthy = weft::fork([&] {
      client c(server.local_address());
      c.stream().set_deadline(weft::never);
      do {
        c.get("/x");
        REQUIRE(c.response().body == "GET /x ");
        ++answered;
      } while (!over);
    });
    weft::with_group([&](weft::task_group& g) {
      for (auto& s : slow) g.spawn([&] { shown_out += is_shown_out(s) ? 1 : 0; });
    });
    CHECK(shown_out == n);
    over = true;
    healthy.get();
    CHECK(answered > 0);
    CHECK(server.refused() == 0);
  });
}
