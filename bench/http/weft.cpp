// weft::http, with all of its limits and times; one worker.
#include <weft/http.hpp>
#include <weft/runtime.hpp>

#include "bench/http/config.hpp"

namespace bench::http {
namespace {

void run(tell const& tell_port) {
  weft::run({.workers = 1}, [&] {
    weft::http_options options;
    options.max_connections = 20'000;
    options.header_time = std::chrono::minutes(1);
    weft::http_server server(weft::address::loopback(0), [](weft::http_request const&) {
      weft::http_response r;
      r.set(boost::beast::http::field::content_type, "text/plain");
      r.body() = page;
      return r;
    }, options);
    tell_port(server.local_address().port());
    server.serve();
  });
}

bool const known = add("weft", &run) && add_beside_slow("weft");

}  // namespace
}  // namespace bench::http
