// A user of weft::http: a server, and a client that asks it.
#include <cstdlib>

#include <weft/http.hpp>
#include <weft/runtime.hpp>

int main() {
  bool const right = weft::run([] {
    weft::http_server server(weft::address::loopback(0), [](weft::http_request const& request) {
      weft::http_response r;
      r.body() = request.target().to_string();
      return r;
    });
    auto served = weft::fork([&server] { return server.serve(); });
    bool const answered = weft::http_get(server.local_address(), "/page").body() == "/page";
    server.stop();
    return served.get() && answered;
  });
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
