// http_options::cancel_when_gone: handlers hear that their client has gone; and without it they do not.
#include <atomic>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "tests/http/client.hpp"

using namespace shapes;
using namespace http_tests;
using namespace std::chrono_literals;

namespace {

weft::http_options cancelling() {
  weft::http_options o;
  o.cancel_when_gone = true;
  return o;
}

// Waits for ever on /wait, and counts how that ends.
struct waiting_handler {
  std::atomic<int>&inside, &told;
  weft::http_response operator()(weft::http_request const& q) const {
    if (q.target() != "/wait") return echo(q);
    ++inside;
    try {
      wait_for_ever();
    } catch (weft::cancelled const& e) {
      if (e.cause() == weft::cancel_cause::requested && e.message() == "the other side has gone") ++told;
      throw;
    }
    return {};
  }
};

}  // namespace

TEST_CASE("a client that goes, by closing, by ending its side, by a reset: its handler is cancelled, the server goes on") {
  std::atomic<int> inside = 0, told = 0;
  serving(waiting_handler{inside, told}, cancelling(), [&](weft::http_server& server) {
    inside = told = 0;
    {
      client c(server.local_address());
      c.get("/wait");
      until([&] { return inside == 1; });
    }
    until([&] { return told == 1; });

    client ends(server.local_address());
    ends.get("/first");
    CHECK(ends.response().body == "GET /first ");
    ends.get("/wait");
    until([&] { return inside == 2; });
    ends.stream().shutdown_write();
    CHECK(ends.ended());
    CHECK(told == 2);

    {
      client resets(server.local_address());
      resets.get("/wait");
      until([&] { return inside == 3; });
      linger const at_once{1, 0};
      REQUIRE(::setsockopt(resets.stream().native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    }
    until([&] { return told == 3; });

    client last(server.local_address());
    last.get("/last");
    CHECK(last.response().body == "GET /last ");
  });
}

TEST_CASE("one that has gone before its handler began, with the request's last byte or with another request behind it") {
  std::atomic<int> inside = 0, told = 0;
  serving(waiting_handler{inside, told}, cancelling(), [&](weft::http_server& server) {
    inside = told = 0;
    client c(server.local_address());
    c.send("GET /wait HTTP/1.1\r\n\r\n");
    c.stream().shutdown_write();
    CHECK(c.ended());
    CHECK(told == 1);

    client two(server.local_address());
    two.send("GET /first HTTP/1.1\r\n\r\nGET /wait HTTP/1.1\r\n\r\nGET /never HTTP/1.1\r\n\r\n");
    two.stream().shutdown_write();
    CHECK(two.response().body == "GET /first ");
    CHECK(two.response().status == 0);
    CHECK(told == 2);
  });
}

TEST_CASE("a handler that swallows it answers all the same, and so does one that never waits") {
  auto const handler = [](weft::http_request const& q) {
    if (q.target() == "/swallow") {
      try {
        wait_for_ever();
      } catch (weft::cancelled const&) {
      }
    }
    return echo(q);
  };
  serving(handler, cancelling(), [](weft::http_server& server) {
    for (std::string const target : {"/swallow", "/quick"}) {
      client c(server.local_address());
      c.get(target);
      c.stream().shutdown_write();
      CHECK(c.response().body == "GET " + target + ' ');
      CHECK(c.ended());
    }
  });
}

TEST_CASE("clients that stay: request after request, pipelined, with bytes of the next one there; nobody is cancelled") {
  auto const handler = [](weft::http_request const& q) {
    weft::this_task::yield();
    weft::run_blocking([] {}).get();
    return echo(q);
  };
  serving(handler, cancelling(), [](weft::http_server& server) {
    client c(server.local_address());
    for (int i = 0; i != 10; ++i) {
      c.get("/" + std::to_string(i));
      CHECK(c.response().body == "GET /" + std::to_string(i) + ' ');
    }
    std::string all;
    for (int i = 0; i != 20; ++i) all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    c.send(all);
    for (int i = 0; i != 20; ++i) CHECK(c.response().body == "POST /" + std::to_string(i) + " abc");
  });
}

TEST_CASE("without it a handler is not told, and a client that has ended its side gets its answer") {
  std::atomic<weft::event*> go = nullptr;
  std::atomic<int> inside = 0;
  auto const handler = [&](weft::http_request const& q) {
    ++inside;
    go.load()->wait();
    return echo(q);
  };
  serving(handler, {}, [&](weft::http_server& server) {
    weft::event now;
    go = &now;
    inside = 0;
    client c(server.local_address());
    c.get("/half");
    until([&] { return inside == 1; });
    c.stream().shutdown_write();
    for (int i = 0; i != 20; ++i) weft::this_task::yield();
    now.set();
    CHECK(c.response().body == "GET /half ");
    CHECK(c.ended());
  });
}

TEST_CASE("the drain's grace and who cancels the server count as before: a handler that runs then is cut") {
  std::atomic<int> inside = 0, told = 0;
  on_all([&] {
    inside = told = 0;
    weft::http_server server(weft::address::loopback(0), waiting_handler{inside, told}, cancelling());
    auto served = weft::fork([&server] { return server.serve(); });
    client c(server.local_address());
    c.get("/wait");
    until([&] { return inside == 1; });
    server.stop(0s);
    CHECK_FALSE(served.get());
    CHECK(told == 0);
    CHECK(c.ended());
  });
}

TEST_CASE("storm: clients that leave at any moment, others that stay: each handler ends once, who stays is answered") {
  auto const seed = storm::seed();
  auto const rounds = storm::rounds(60, 3'000);
  std::atomic<std::uint64_t> begun = 0, ended = 0;
  struct counted {
    std::atomic<std::uint64_t>& ended;
    ~counted() { ++ended; }
  };
  auto const handler = [&](weft::http_request const& q) {
    ++begun;
    counted const c{ended};
    if (q.target() == "/wait") wait_for_ever();
    if (q.target() == "/nap") weft::run_blocking([] {}).get();
    return echo(q);
  };
  serving(handler, cancelling(), [&](weft::http_server& server) {
    weft::with_group([&](weft::task_group& g) {
      for (std::uint64_t k = 0; k != 8; ++k) {
        g.spawn([&, k] {
          storm::dice dice(seed + k);
          for (std::uint64_t i = 0; i != rounds; ++i) {
            client c(server.local_address());
            for (auto n = dice.below(3); n != 0; --n) {
              std::string const target = dice.below(2) == 0 ? "/nap" : "/quick";
              c.get(target);
              CHECK(c.response().body == "GET " + target + ' ');
            }
            if (dice.below(2) == 0) c.get(dice.below(2) == 0 ? "/wait" : "/nap");
            for (auto n = dice.below(10); n != 0; --n) weft::this_task::yield();
          }
        });
      }
    });
    until([&] { return server.connections() == 0; });
    CHECK(begun == ended);
  });
}
