// postgres: many clients transfer money in a PostgreSQL database at once; whatever happens to the server, the sum stays.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <weft/exception_group.hpp>
#include <weft/runtime.hpp>
#include <weft/task_group.hpp>

#include "bank.hpp"

namespace bank {
namespace {

constexpr char usage[] = "usage: postgres [--dsn STRING] [--clients N] [--connections N] [--transfers N] [--accounts N] [--patience N]\n";
constexpr char help[] =
    "Transfers money between accounts, by many clients at once, and checks that the sum has stayed.\n"
    "It makes the tables weft_bank_account and weft_bank_transfer anew.\n"
    "  --dsn STRING     the database, as \"host=... dbname=...\" or postgresql://... (default: what PGHOST ... say)\n"
    "  --clients N      1 to 10000 (default: 32)\n"
    "  --connections N  that the clients share, 1 to 1000 (default: 8)\n"
    "  --transfers N    altogether (default: 1000)\n"
    "  --accounts N     2 to 1000000 (default: 20)\n"
    "  --patience N     for so many seconds a transfer is tried again when the server has gone (default: 30)\n"
    "Ctrl-C or SIGTERM: what has not been committed is rolled back; the exit code is 130. A second one ends it at once.\n";

struct options {
  std::string dsn;
  unsigned clients = 32, connections = 8, transfers = 1000, accounts = 20, patience = 30;
};

constexpr cents each = 1000;

struct counts {
  std::atomic<std::uint64_t> begun{0}, done{0}, refused{0};
};

// Until there are no more transfers to make.
void client(unsigned number, options const& opt, bank& b, counts& n) {
  std::minstd_rand random{number};
  auto const account = [&](unsigned most) { return std::uniform_int_distribution<unsigned>{1, most}(random); };
  for (std::uint64_t id; (id = n.begun.fetch_add(1) + 1) <= opt.transfers;) {
    unsigned const from = account(opt.accounts);
    unsigned const other = account(opt.accounts - 1);
    transfer const t{id, from, other < from ? other : other + 1, std::uniform_int_distribution<cents>{1, each}(random)};
    (b.carry_out(t) ? n.done : n.refused).fetch_add(1);
  }
}

// The main task; a signal cancels it.
int make_transfers(options const& opt) {
  postgres::pool connections{opt.dsn, opt.connections};
  bank b{connections, std::chrono::seconds{opt.patience}};
  b.open(opt.accounts, each);
  counts n;
  bool interrupted = false;
  try {
    weft::with_group([&](weft::task_group& g) {
      for (unsigned i = 0; i != opt.clients; ++i) g.spawn([&, i] { client(i + 1, opt, b, n); });
    });
  } catch (weft::cancelled const&) {
    interrupted = true;
  }
  auto const u = [](std::uint64_t x) { return static_cast<unsigned long long>(x); };
  std::printf("transfers  %llu done, %llu refused for want of money\n", u(n.done), u(n.refused));
  std::printf("again      %llu after conflicts, %llu after lost connections\n", u(b.again().conflicts()), u(b.again().losses()));
  std::fflush(stdout);

  auto const end = b.check();
  cents const sum = cents{opt.accounts} * each;
  std::printf("sum        %lld, at the beginning %lld\n", static_cast<long long>(end.sum), static_cast<long long>(sum));
  // An interrupted client does not know whether its last one was entered.
  bool const entered = interrupted ? end.transfers >= n.done : end.transfers == n.done;
  if (!entered) std::printf("%llu transfers are entered\n", u(end.transfers));
  if (end.wrong != 0) std::printf("%llu accounts are wrong\n", u(end.wrong));
  if (end.sum != sum || end.wrong != 0 || !entered) return 1;
  if (interrupted) std::printf("interrupted\n");
  return interrupted ? 130 : 0;
}

std::optional<options> parse(int argc, char** argv) {
  options opt;
  struct {
    std::string_view name;
    unsigned& value;
    unsigned least, most;
  } const known[] = {{"--clients", opt.clients, 1, 10'000},
                     {"--connections", opt.connections, 1, 1000},
                     {"--transfers", opt.transfers, 0, 1'000'000'000},
                     {"--accounts", opt.accounts, 2, 1'000'000},
                     {"--patience", opt.patience, 0, 86'400}};
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return std::nullopt;
    std::string_view const name = argv[i], text = argv[i + 1];
    bool right = name == "--dsn";
    if (right) opt.dsn = text;
    for (auto const& k : known) {
      if (name != k.name) continue;
      auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), k.value);
      right = error == std::errc{} && end == text.data() + text.size() && k.value >= k.least && k.value <= k.most;
    }
    if (!right) return std::nullopt;
  }
  return opt;
}

}  // namespace
}  // namespace bank

int main(int argc, char** argv) try {
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::printf("%s%s", bank::usage, bank::help);
    return 0;
  }
  auto const opt = bank::parse(argc, argv);
  if (!opt) {
    std::fputs(bank::usage, stderr);
    return 2;
  }
  weft::runtime_options how;
  how.name = "postgres";
  how.cancel_on_signals = {SIGTERM, SIGINT};
  return weft::run(std::move(how), [&] { return bank::make_transfers(*opt); });
} catch (weft::exception_group const& errors) {
  errors.flatten().handle([](std::exception const& e) { std::fprintf(stderr, "postgres: %s\n", e.what()); });
  return 1;
} catch (std::exception const& e) {
  std::fprintf(stderr, "postgres: %s\n", e.what());
  return 1;
}
