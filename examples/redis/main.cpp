// redis: a client of Redis in blocking style, shared by many tasks. Sends one command, or puts load on a server and checks every reply.
#include <weft/runtime.hpp>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client.hpp"
#include "load.hpp"

namespace redis {
namespace {

constexpr char usage[] =
    "usage: redis --port N [--clients N] [--commands N] [--patience SECONDS] [--keep]\n"
    "       redis --port N [--patience SECONDS] COMMAND [ARG]...\n";
constexpr char help[] =
    "Puts load on the Redis server at that port of this machine, or sends it one command and shows the reply.\n"
    "  --clients N         tasks that share one connection, 1 to 10000 (default: 100)\n"
    "  --commands N        of each of them, 1 to 1000000 (default: 1000): INCR, SET and GET, pipelines, and some that are given up\n"
    "  --patience SECONDS  with one command, lost connections included, 1 to 3600 (default: 10)\n"
    "  --keep              leaves the keys weft:..., and shows the account of each counter\n"
    "What is lost with its connection is asked again. SIGTERM or Ctrl-C: the account so far.\n";

struct options {
  unsigned port = 0, patience = 10;
  load_options load;
  bool keep = false;
  std::vector<std::string_view> command;
};

void print(char const* what, std::string_view text) {  // which may have a '\0' in it
  std::printf("%s\"", what);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::printf("\"\n");
}

void show(reply const& r, std::string const& indent = {}) {
  switch (r.type()) {
    case REDIS_REPLY_NIL: std::printf("nil\n"); break;
    case REDIS_REPLY_INTEGER: std::printf("%lld\n", r.integer()); break;
    case REDIS_REPLY_ARRAY:
      std::printf("array of %zu\n", r.size());
      for (std::size_t i = 0; i != r.size(); ++i) {
        std::printf("%s  %zu: ", indent.c_str(), i);
        show(r[i], indent + "  ");
      }
      break;
    case REDIS_REPLY_ERROR: print("error ", r.error()); break;
    default: print("", r.text());
  }
}

int send_one(weft::address const& server, options const& opt) {
  weft::deadline const until{std::chrono::seconds{opt.patience}};
  connection c{server, until};
  show(c.call(request{}.add(opt.command), until));
  return 0;
}

int put_load(weft::address const& server, options const& opt) {
  weft::deadline const until{std::chrono::seconds{opt.patience}};
  connection{server, until}.call({"PING"}, until);  // nobody there: says so at once
  client shared{server};
  load l{shared, opt.load};
  auto const began = weft::clock::now();
  try {
    l.run();
  } catch (weft::cancelled const&) {
    std::printf("stopped\n");
  }
  auto const took = weft::clock::now() - began;
  bool const right = l.verify();
  l.print_totals(took);
  if (opt.keep)
    l.print_counters();
  else
    l.clear();
  return right ? 0 : 1;
}

std::optional<options> parse(std::span<char const* const> args) {
  options opt;
  struct {
    std::string_view name;
    unsigned& value;
    unsigned most;
  } const known[] = {{"--port", opt.port, 65535},
                     {"--clients", opt.load.tasks, 10'000},
                     {"--commands", opt.load.commands, 1'000'000},
                     {"--patience", opt.patience, 3600}};
  for (; !args.empty() && std::string_view{args[0]}.starts_with("--"); args = args.subspan(1)) {
    if (std::string_view{args[0]} == "--keep") {
      opt.keep = true;
      continue;
    }
    bool right = false;
    for (auto const& k : known) {
      if (args.size() == 1 || args[0] != k.name) continue;
      char const* const end = args[1] + std::strlen(args[1]);
      auto const [stop, error] = std::from_chars(args[1], end, k.value);
      right = error == std::errc{} && stop == end && k.value >= 1 && k.value <= k.most;
    }
    if (!right) return std::nullopt;
    args = args.subspan(1);
  }
  opt.command.assign(args.begin(), args.end());
  opt.load.patience = std::chrono::seconds{opt.patience};
  return opt.port == 0 ? std::nullopt : std::optional{std::move(opt)};
}

}  // namespace
}  // namespace redis

int main(int argc, char** argv) try {
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::printf("%s%s", redis::usage, redis::help);
    return 0;
  }
  auto const opt = redis::parse(std::span{argv, static_cast<std::size_t>(argc)}.subspan(1));
  if (!opt) {
    std::fputs(redis::usage, stderr);
    return 2;
  }
  weft::runtime_options how;
  how.name = "redis";
  how.cancel_on_signals = {SIGTERM, SIGINT};
  return weft::run(std::move(how), [&] {
    auto const server = weft::address::loopback(static_cast<std::uint16_t>(opt->port));
    return opt->command.empty() ? redis::put_load(server, *opt) : redis::send_one(server, *opt);
  });
} catch (std::exception const& e) {
  std::fprintf(stderr, "redis: %s\n", e.what());
  return 1;
}
