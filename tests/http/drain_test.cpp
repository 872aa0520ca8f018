// http_server::stop: what is under way is finished, what is idle is closed, what takes too long is cancelled.
#include <optional>

#include "tests/http/client.hpp"

using namespace shapes;
using namespace http_tests;
using namespace std::chrono_literals;

namespace {

// A server whose handler waits for `go`.
struct waiting_server {
  weft::event go;
  std::atomic<int> inside = 0, cancelled = 0;
  weft::http_server server{weft::address::loopback(0), [this](weft::http_request const& q) {
                             if (q.target() == "/at_once") return echo(q);
                             ++inside;
                             try {
                               go.wait();
                             } catch (weft::cancelled const&) {
                               ++cancelled;
                               throw;
                             }
                             return echo(q);
                           }};
  weft::scoped_task<bool> served = weft::fork([this] { return server.serve(); });
};

bool refuses(weft::address const& a) {
  try {
    (void)weft::tcp_stream::connect(a);
  } catch (std::system_error const& e) {
    return e.code() == std::errc::connection_refused;
  }
  return false;
}

}  // namespace

TEST_CASE("stop: requests that run are finished, with Connection: close; idle connections are closed, new ones refused") {
  on_all([] {
    waiting_server s;
    auto const address = s.server.local_address();
    client silent(address), idle(address), running(address);
    idle.get("/at_once");
    CHECK(idle.response().status == 200);
    running.get("/slow");
    until([&] { return s.inside == 1 && s.server.connections() == 3; });
    s.server.stop();
    CHECK(idle.ended());
    CHECK(silent.ended());
    until([&] { return refuses(address); });
    CHECK_FALSE(s.served.done());
    s.go.set();
    auto const a = running.response();
    CHECK(a.body == "GET /slow ");
    CHECK(a.has("Connection: close"));
    CHECK(running.ended());
    CHECK(s.served.get());
  });
}

TEST_CASE("stop: a request of which a part has come is awaited and answered") {
  on_all([] {
    waiting_server s;
    client c(s.server.local_address());
    c.send("POST /at_once HTTP/1.1\r\nConte");
    until([&] { return s.server.connections() == 1; });
    s.server.stop();
    c.send("nt-Length: 2\r\n\r\na");
    c.send("b");
    auto const a = c.response();
    CHECK(a.body == "POST /at_once ab");
    CHECK(a.has("Connection: close"));
    CHECK(c.ended());
    CHECK(s.served.get());
  });
}

TEST_CASE("stop before anybody was accepted: those whom the kernel has accepted are served all the same") {
  on_all([] {
    weft::http_server server(weft::address::loopback(0), echo);
    client a(server.local_address()), b(server.local_address()), silent(server.local_address());
    a.get("/a");
    b.get("/b");
    server.stop();
    CHECK(server.serve());
    CHECK(a.response().body == "GET /a ");
    CHECK(b.response().body == "GET /b ");
    CHECK(silent.ended());
  });
}

TEST_CASE("stop at any moment: each request that was sent before it is answered") {
  for_each_worker_count([](unsigned workers) {
    for (int round = 0; round != 20; ++round) {
      run_on(workers, [round] {
        weft::http_server server(weft::address::loopback(0), echo);
        auto served = weft::fork([&server] { return server.serve(); });
        std::vector<client> clients;
        for (int i = 0; i != 8; ++i) clients.emplace_back(server.local_address());
        for (int i = 0; i != 8; ++i) {
          clients[static_cast<std::size_t>(i)].get('/' + std::to_string(i));
          if (i == round % 8) weft::this_task::yield();
        }
        server.stop(10s);
        for (int i = 0; i != 8; ++i) CHECK(clients[static_cast<std::size_t>(i)].response().body == std::string("GET /") + std::to_string(i) + ' ');
        clients.clear();
        CHECK(served.get());
      });
    }
  });
}

TEST_CASE("stop with a grace: requests that still run then are cancelled, and serve() says so") {
  on_all([] {
    waiting_server s;
    client c(s.server.local_address());
    c.get();
    until([&] { return s.inside == 1; });
    s.server.stop(20ms);
    s.server.stop();  // the first call counts
    CHECK_FALSE(s.served.get());
    CHECK(s.cancelled == 1);
    CHECK(c.response().status == 0);
  });
}

TEST_CASE("who serves is cancelled: so are all connections, and they have ended when it ends") {
  on_all([] {
    waiting_server s;
    client idle(s.server.local_address()), running(s.server.local_address());
    running.get();
    until([&] { return s.inside == 1 && s.server.connections() == 2; });
    (void)s.served.cancel();
    CHECK_THROWS_AS((void)s.served.get(), weft::task_cancelled_error);
    CHECK(s.cancelled == 1);
    CHECK(s.server.connections() == 0);
    CHECK(idle.ended());
    CHECK(running.ended());
  });
}

TEST_CASE("stop from a handler and from a plain thread") {
  on_all([] {
    std::optional<weft::http_server> server;
    server.emplace(weft::address::loopback(0), [&server](weft::http_request const& q) {
      server->stop();
      return echo(q);
    });
    auto served = weft::fork([&server] { return server->serve(); });
    CHECK(weft::http_get(server->local_address(), "/stop").body() == "GET /stop ");
    CHECK(served.get());
    weft::http_server other(weft::address::loopback(0), echo);
    auto also = weft::fork([&other] { return other.serve(); });
    weft::run_blocking([&other] { other.stop(); }).get();
    CHECK(also.get());
  });
}
