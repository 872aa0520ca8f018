// http_server: what is answered, and how each limit ends a connection.
#include <atomic>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/http/client.hpp"

using namespace shapes;
using namespace http_tests;
using namespace std::chrono_literals;

TEST_CASE("keep-alive: request after request, until either side wants no more") {
  serving(echo, {}, [](weft::http_server& server) {
    client c(server.local_address());
    for (std::string const target : {"/a", "/b", "/c"}) {
      c.get(target);
      auto const a = c.response();
      CHECK(a.status == 200);
      CHECK(a.body == "GET " + target + ' ');
      CHECK_FALSE(a.has("Connection: close"));
    }
    c.send("GET /last HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(c.response().has("Connection: close"));
    CHECK(c.ended());
    client old(server.local_address());
    old.send("GET /old HTTP/1.0\r\n\r\n");
    CHECK(old.response().body == "GET /old ");
    CHECK(old.ended());
    CHECK(weft::http_get(server.local_address(), "/helper").body() == "GET /helper ");
    weft::http_request post(boost::beast::http::verb::post, "/post", 11, "body");
    CHECK(weft::http_fetch(server.local_address(), post).body() == "POST /post body");
  });
}

TEST_CASE("a handler that wants the connection closed") {
  auto const last = [](weft::http_request const&) {
    auto r = text("bye");
    r.keep_alive(false);
    return r;
  };
  serving(last, {}, [](weft::http_server& server) {
    client c(server.local_address());
    c.get();
    CHECK(c.response().body == "bye");
    CHECK(c.ended());
  });
}

TEST_CASE("pipelining: what was sent at once is answered in order") {
  serving(echo, {}, [](weft::http_server& server) {
    client c(server.local_address());
    std::string all;
    for (int i = 0; i != 50; ++i) all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    c.send(all);
    for (int i = 0; i != 50; ++i) CHECK(c.response().body == "POST /" + std::to_string(i) + " abc");
  });
}

TEST_CASE("bodies: of a length, in chunks both ways, none for HEAD; 100-continue") {
  auto const chunked = [](weft::http_request const& q) {
    auto r = echo(q);
    r.chunked(q.target() == "/chunked");
    return r;
  };
  serving(chunked, {}, [](weft::http_server& server) {
    client c(server.local_address());
    c.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n").send("2;x=y\r\nde\r\n0\r\n\r\n");
    CHECK(c.response().body == "POST / abcde");
    c.send("HEAD / HTTP/1.1\r\n\r\n");
    auto const head = c.response(true);
    CHECK(head.status == 200);
    CHECK(head.has("Content-Length: 7\r\n"));
    c.send("POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    CHECK(c.response().status == 100);
    CHECK(c.send("xyz").response().body == "POST / xyz");
    c.send("GET /chunked HTTP/1.1\r\nConnection: close\r\n\r\n");
    auto const answer = c.response();
    CHECK(answer.has("Transfer-Encoding: chunked"));
    CHECK(c.rest().find("GET /chunked ") != std::string::npos);
  });
}

TEST_CASE("responses byte for byte: of any size, in chunks, without a body; the next one follows at once") {
  auto const made = [](weft::http_request const& q) {  // of /status/size
    auto const target = std::string(q.target());
    auto const size = target.find('/', 1);
    auto r = text(std::string(std::stoul(target.substr(size + 1)), 'x'));
    r.result(static_cast<unsigned>(std::stoul(target.substr(1, size))));
    r.chunked(q.method() == boost::beast::http::verb::put);
    return r;
  };
  serving(made, {.on_error = [](std::exception_ptr) {}}, [](weft::http_server& server) {
    client c(server.local_address());
    auto const answer = [&c](std::string const& request) {
      return [&c, request](std::string const& expected) {
        c.send(request + " HTTP/1.1\r\n\r\n");
        std::string got(expected.size(), '\0');
        c.stream().read_exact(got);
        CHECK(got == expected);
      };
    };
    std::string const ok = "HTTP/1.1 200 OK\r\n";
    for (std::size_t const size : {0, 1, 16'000, 16'300, 16'400, 200'000}) {
      auto const n = std::to_string(size);
      std::string const body(size, 'x');
      std::ostringstream chunk;
      if (size != 0) chunk << std::hex << size << "\r\n" << body << "\r\n";
      auto const whole = ok + "Content-Length: " + n + "\r\n\r\n", in_chunks = ok + "Transfer-Encoding: chunked\r\n\r\n";
      answer("GET /200/" + n)(whole + body);
      answer("HEAD /200/" + n)(whole);
      answer("PUT /200/" + n)(in_chunks + chunk.str() + "0\r\n\r\n");
    }
    for (std::string const method : {"GET", "HEAD", "PUT"}) {
      answer(method + " /204/3")("HTTP/1.1 204 No Content\r\n\r\n");
      answer(method + " /304/3")("HTTP/1.1 304 Not Modified\r\n\r\n");
    }
    answer("GET /42/0")("HTTP/1.1 500 Internal Server Error\r\n");
  });
}

TEST_CASE("http_fetch sends what is long, too") {
  serving(echo, {}, [](weft::http_server& server) {
    for (std::size_t const size : {0, 16'000, 16'400, 300'000}) {
      weft::http_request request(boost::beast::http::verb::post, "/", 11, std::string(size, 'y'));
      CHECK(weft::http_fetch(server.local_address(), request).body() == "POST / " + request.body());
    }
  });
}

TEST_CASE("what is no HTTP: 400, and closed") {
  serving(echo, {}, [](weft::http_server& server) {
    for (std::string_view const nonsense : {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "GET / HTTP/7.7\r\n\r\n"}) {
      client c(server.local_address());
      CHECK(c.send(nonsense).response().status == 400);
      CHECK(c.ended());
    }
  });
}

TEST_CASE("a header that is too long: 431, and closed") {
  serving(echo, {.header_limit = 1000}, [](weft::http_server& server) {
    std::string const begin = "GET / HTTP/1.1\r\nX: ";
    client fits(server.local_address());
    CHECK(fits.send(begin + std::string(900, 'x') + "\r\n\r\n").response().status == 200);
    client too_long(server.local_address());
    CHECK(too_long.send(begin + std::string(1000, 'x') + "\r\n\r\n").response().status == 431);
    CHECK(too_long.ended());
    client endless(server.local_address());
    CHECK(endless.send(begin + std::string(1000, 'x')).response().status == 431);
    CHECK(endless.ended());
  });
}

TEST_CASE("a header whose fields come one by one has the same limit: 431") {
  serving(echo, {.header_limit = 4000}, [](weft::http_server& server) {
    client c(server.local_address());
    std::error_code gone;
    c.send("GET / HTTP/1.1\r\nA");
    for (int i = 0; i != 10'000 && !gone; ++i) c.stream().write_all(":b\r\nA", gone);
    if (!gone) CHECK(c.response().status == 431);
  });
}

TEST_CASE("a length that may be understood in two ways: 400, and closed") {
  serving(echo, {}, [](weft::http_server& server) {
    for (std::string_view const how : {"Transfer-Encoding: gzip", "Transfer-Encoding: chunked, gzip",
                                       "Transfer-Encoding: gzip\r\nContent-Length: 3", "Transfer-Encoding: chunked\r\nContent-Length: 3"}) {
      client c(server.local_address());
      CHECK(c.send("POST / HTTP/1.1\r\n").send(how).send("\r\n\r\nabc").response().status == 400);
      CHECK(c.ended());
    }
    client old(server.local_address());
    CHECK(old.send("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").response().status == 400);
  });
}

TEST_CASE("chunks: byte by byte; fields behind them are not the request's") {
  auto const fields = [](weft::http_request const& q) { return text(q.count("X-User") == 0 ? q.body() : "a field from behind the body"); };
  serving(fields, {}, [](weft::http_server& server) {
    client c(server.local_address());
    for (std::string const body : {"0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "1\r\na\r\n2;x=y\r\nbc\r\n0\r\nX-User: root\r\n\r\n"}) {
      c.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (char const b : body) c.send({&b, 1});
      CHECK(c.response().body == (body.size() == 5 ? "" : "abc"));
    }
  });
}

TEST_CASE("a body that is too long: 413, and closed; the client may still be sending it") {
  serving(echo, {.body_limit = 100'000}, [](weft::http_server& server) {
    std::string const most(100'000, 'x');
    client fits(server.local_address());
    CHECK(fits.send("POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + most).response().status == 200);
    client too_long(server.local_address());
    too_long.send("POST / HTTP/1.1\r\nContent-Length: 100001\r\n\r\n" + most + '!');
    CHECK(too_long.response().status == 413);
    CHECK(too_long.ended());
    client chunks(server.local_address());
    chunks.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n" + most + "!\r\n0\r\n\r\n");
    CHECK(chunks.response().status == 413);
    CHECK(chunks.ended());
  });
}

TEST_CASE("a header byte by byte (slow loris): 408 when its time is over, however often a byte comes") {
  serving(echo, {.header_time = 30ms}, [](weft::http_server& server) {
    client c(server.local_address());
    auto const begun = weft::clock::now();
    auto const writing = weft::fork([&c] {
      std::error_code gone;
      c.send("GET / HTTP/1.1\r\n");
      while (!gone) {
        c.stream().write_all("X", gone);
        weft::this_task::sleep_for(1ms);  // faster, and the header would be too large before its time is over
      }
    });
    CHECK(c.response().status == 408);
    CHECK(c.ended());
    CHECK(weft::clock::now() - begun >= 30ms);
  });
}

TEST_CASE("a body that does not come: 408 when its time is over") {
  serving(echo, {.body_time = 20ms}, [](weft::http_server& server) {
    client c(server.local_address());
    c.send("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab");
    CHECK(c.response().status == 408);
    CHECK(c.ended());
  });
}

TEST_CASE("a client that never stops sending: its time is over all the same, also after it has been refused") {
  serving(echo, {.body_limit = 1'000'000'000, .body_time = 30ms}, [](weft::http_server& server) {
    for (std::string_view const begin : {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "nonsense\r\n\r\n"}) {
      client c(server.local_address());
      c.send(begin);
      std::string much;
      for (int i = 0; i != 1000; ++i) much += "1;extension=of-a-chunk\r\nx\r\n";
      for (std::error_code gone; !gone;) c.stream().write_all(much, gone);
    }
  });
}

TEST_CASE("idle connections are closed when their time is over, before the first request and after one, without a word") {
  serving(echo, {.idle_time = 20ms}, [](weft::http_server& server) {
    client silent(server.local_address());
    CHECK(silent.ended());
    for (int status = 0; status == 0;) {  // the request may itself be late
      client c(server.local_address());
      std::error_code error;
      c.stream().write_all("GET / HTTP/1.1\r\n\r\n", error);
      status = error ? 0 : c.response().status;
      CHECK((status == 0 || status == 200));
      if (status != 0) CHECK(c.ended());
    }
  });
}

TEST_CASE("who takes no response is left when the time for it is over") {
  std::atomic<int> asked = 0;
  auto const huge = [&asked](weft::http_request const&) {
    ++asked;
    return text(std::string(20'000'000, 'x'));
  };
  serving(huge, {.write_time = 20ms}, [&asked](weft::http_server& server) {
    asked = 0;
    client c(server.local_address());
    c.get();
    until([&] { return asked == 1; });
    until([&] { return server.connections() == 0; });
    CHECK(c.rest().size() < 20'000'000);
  });
}

TEST_CASE("more connections than allowed: 503, until one has gone") {
  serving(echo, {.max_connections = 2}, [](weft::http_server& server) {
    std::optional<client> a(server.local_address());
    client b(server.local_address());
    a->get();
    CHECK(a->response().status == 200);
    b.get();
    CHECK(b.response().status == 200);
    client c(server.local_address());
    c.get();
    auto const refused = c.response();
    CHECK(refused.status == 503);
    CHECK(refused.has("Connection: close"));
    CHECK(c.ended());
    CHECK(server.refused() == 1);
    a.reset();
    until([&] { return server.connections() == 1; });
    client d(server.local_address());
    d.get();
    CHECK(d.response().status == 200);
  });
}

TEST_CASE("a handler that throws: 500, told to the hook, and the connection goes on") {
  std::atomic<int> told = 0;
  weft::http_options options;
  options.on_error = [&told](std::exception_ptr const& e) {
    try {
      std::rethrow_exception(e);
    } catch (int n) {
      told += n;
    } catch (std::runtime_error const& error) {
      if (std::string_view(error.what()) == "broken") ++told;
    }
  };
  auto const broken = [](weft::http_request const& q) -> weft::http_response {
    if (q.target() == "/runtime_error") throw std::runtime_error("broken");
    if (q.target() == "/int") throw 10;
    return echo(q);
  };
  serving(broken, options, [&told](weft::http_server& server) {
    told = 0;
    client c(server.local_address());
    c.get("/runtime_error");
    CHECK(c.response().status == 500);
    c.get("/int");
    CHECK(c.response().status == 500);
    c.get("/well");
    CHECK(c.response().body == "GET /well ");
    CHECK(told == 11);
  });
}

TEST_CASE("many clients at once, each with many requests: every one gets its own answers") {
  auto const wandering = [](weft::http_request const& q) {
    weft::this_task::yield();
    return echo(q);
  };
  serving(wandering, {}, [](weft::http_server& server) {
    weft::task_group all;
    for (int i = 0; i != 20; ++i) {
      all.spawn([&server, i] {
        client c(server.local_address());
        for (int n = 0; n != 20; ++n) {
          auto const target = '/' + std::to_string(i) + '/' + std::to_string(n);
          c.get(target);
          CHECK(c.response().body == "GET " + target + ' ');
        }
      });
    }
    all.join();
  });
}
