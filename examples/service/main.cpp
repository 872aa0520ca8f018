// service: a small HTTP service, on all cores, by tasks that just block; and how it ends without losing a request.
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <weft/http.hpp>
#include <weft/inspect_socket.hpp>
#include <weft/runtime.hpp>

#include "service.hpp"
#include "upstream.hpp"

namespace service {
namespace {

constexpr char usage[] = "usage: service [--port N] [--workers N] [--inspect PATH]\n";
constexpr char help[] =
    "Serves HTTP on this machine's loopback, and says where.\n"
    "  --port N     default: any that is free\n"
    "  --workers N  threads, 1 to 128 (default: all CPUs)\n"
    "  --inspect P  a socket for weft-top at that path (default: none)\n"
    "  GET /cheap           ok\n"
    "  GET /hog             computes for 20 ms, in one piece\n"
    "  POST /words          how many words the body has, counted on all workers; 503 when too many want that\n"
    "  GET /upstream        asks a slow service, and once more if it takes long\n"
    "  GET /upstream/lost   the same when it never answers: 504\n"
    "  GET /metrics         counters, the runtime's too, as Prometheus reads them\n"
    "  GET /tasks           the tasks there are, and what they wait for, as JSON\n"
    "SIGTERM or Ctrl-C: what has been begun is answered, for 10 s at most. A second one ends it at once.\n";

struct options {
  std::uint16_t port = 0;
  unsigned workers = 0;
  std::string inspect_at;
};

// The main task; the signal cancels it. True: no request was lost.
bool serve(options const& opt) {
  std::optional<weft::inspect_socket> looked_into;
  if (!opt.inspect_at.empty()) looked_into.emplace(opt.inspect_at);
  weft::http_options limits;
  limits.body_limit = 4 << 20;
  upstream slow;
  service pages{static_cast<unsigned>(weft::runtime::current()->metrics().workers.size()), slow};
  weft::http_server server{weft::address::loopback(opt.port), [&](auto const& request) { return pages.answer(request); }, limits};
  auto const asked = weft::fork([&] { slow.serve(); });  // at the end of its scope it is cancelled and waited for
  auto served = weft::fork([&] { return server.serve(); });
  std::printf("serving at %s\n", server.local_address().to_string().c_str());
  std::fflush(stdout);
  try {
    served.wait();
  } catch (weft::cancelled const&) {
    server.stop(std::chrono::seconds{10});
    std::printf("draining\n");
    std::fflush(stdout);
  }
  return served.get();
}

std::optional<options> parse(int argc, char** argv) {
  options opt;
  for (int i = 1; i < argc; i += 2) {
    std::string_view const name = argv[i];
    if (i + 1 == argc || (name != "--port" && name != "--workers" && name != "--inspect")) return std::nullopt;
    std::string_view const text = argv[i + 1];
    if (name == "--inspect") {
      opt.inspect_at = text;
      continue;
    }
    unsigned n = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    bool const fits = name == "--port" ? n <= 65535 : n >= 1 && n <= 128;
    if (error != std::errc{} || end != text.data() + text.size() || !fits) return std::nullopt;
    if (name == "--port")
      opt.port = static_cast<std::uint16_t>(n);
    else
      opt.workers = n;
  }
  return opt;
}

int run(options const& opt) {
  weft::runtime_options how;
  how.name = "service";
  how.workers = opt.workers;
  how.cancel_on_signals = {SIGTERM, SIGINT};
  bool const all_answered = weft::run(std::move(how), [&] { return serve(opt); });
  std::printf(all_answered ? "done\n" : "done; requests were cancelled\n");
  return all_answered ? 0 : 1;
}

}  // namespace
}  // namespace service

int main(int argc, char** argv) try {
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::printf("%s%s", service::usage, service::help);
    return 0;
  }
  auto const opt = service::parse(argc, argv);
  if (!opt) {
    std::fputs(service::usage, stderr);
    return 2;
  }
  return service::run(*opt);
} catch (std::exception const& e) {
  std::fprintf(stderr, "service: %s\n", e.what());
  return 1;
}
