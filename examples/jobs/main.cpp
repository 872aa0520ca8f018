// jobs: processes on any number of machines work off jobs that stand in a PostgreSQL table.
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <weft/exception_group.hpp>
#include <weft/runtime.hpp>

#include "worker.hpp"

namespace jobs {
namespace {

constexpr char usage[] =
    "usage: jobs init [--dsn STRING]\n"
    "       jobs add N [--takes MS] [--failing 1] [--dsn STRING]\n"
    "       jobs work [--parallel N] [--batch N] [--lease MS] [--poll MS] [--attempts N] [--pause MS] [--dsn STRING]\n"
    "       jobs status [--dsn STRING]\n";
constexpr char help[] =
    "Work that processes on any number of machines share by a table in a PostgreSQL database.\n"
    "  init    makes the tables weft_job and weft_job_effect, unless they are there\n"
    "  add     adds N jobs, 1 to 1000000; each is a wait, and then one row in weft_job_effect\n"
    "    --takes MS     how long it waits (default: 100)\n"
    "    --failing 1    they fail instead\n"
    "  work    works until SIGTERM or Ctrl-C; then it finishes what has begun and gives back what has not. A second one ends it at once.\n"
    "    --parallel N   how many at once, 1 to 1000 (default: 8)\n"
    "    --batch N      how many it claims at once, as many ahead, 1 to 1000 (default: 8)\n"
    "    --lease MS     when nothing is heard of a worker for so long, others take its jobs, 100 to 3600000 (default: 30000)\n"
    "    --poll MS      asks for jobs that have become due so often when there is nothing to do (default: 5000)\n"
    "    --attempts N   of a job, 1 to 1000; then it has failed (default: 5)\n"
    "    --pause MS     after the first of them; doubled each time (default: 1000)\n"
    "  status  how many jobs are in which state, and how many effects there are\n"
    "--dsn is \"host=... dbname=...\" or postgresql://... (default: what PGHOST ... say).\n";

struct options {
  std::string command, dsn;
  unsigned jobs = 0, takes = 100, failing = 0, lease = 30'000, poll = 5000, pause = 1000;
  work_options work;
};

int work(options const& opt) {
  postgres::pool connections{opt.dsn, opt.work.parallel + 2};
  store table{connections};
  bell rings{opt.dsn};
  (void)table.count();  // who cannot reach the server at the beginning learns why at once
  worker w{table, rings, opt.work};
  std::printf("working\n");
  std::fflush(stdout);
  w.run([] {
    std::printf("draining\n");
    std::fflush(stdout);
  });
  auto const u = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  auto const& r = w.results();
  std::printf("done %llu, put off %llu, failed %llu, given back %llu, lost %llu\n", u(r.done), u(r.put_off), u(r.failed), u(r.given_back), u(r.lost));
  return 0;
}

// The main task.
int run(options const& opt) {
  if (opt.command == "work") return work(opt);
  postgres::pool connections{opt.dsn, 1};
  store table{connections};
  if (opt.command == "init") table.init();
  if (opt.command == "add") table.add(opt.jobs, milliseconds{opt.takes}, opt.failing != 0);
  if (opt.command == "status") {
    auto const u = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    auto const c = table.count();
    std::printf("waiting %llu\nrunning %llu\ndone %llu\nfailed %llu\neffects %llu\n", u(c.waiting), u(c.running), u(c.done), u(c.failed),
                u(c.effects));
  }
  return 0;
}

bool number(std::string_view text, unsigned& value, unsigned least, unsigned most) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= least && value <= most;
}

std::optional<options> parse(int argc, char** argv) {
  options opt;
  constexpr unsigned day = 86'400'000;
  struct {
    std::string_view command, name;
    unsigned& value;
    unsigned least, most;
  } const known[] = {{"add", "--takes", opt.takes, 0, day},
                     {"add", "--failing", opt.failing, 0, 1},
                     {"work", "--parallel", opt.work.parallel, 1, 1000},
                     {"work", "--batch", opt.work.batch, 1, 1000},
                     {"work", "--lease", opt.lease, 100, 3'600'000},
                     {"work", "--poll", opt.poll, 1, day},
                     {"work", "--attempts", opt.work.attempts, 1, 1000},
                     {"work", "--pause", opt.pause, 0, 3'600'000}};
  int next = 1;
  if (next == argc) return std::nullopt;
  opt.command = argv[next++];
  bool const adds = opt.command == "add";
  if (!adds && opt.command != "init" && opt.command != "work" && opt.command != "status") return std::nullopt;
  if (adds && (next == argc || !number(argv[next++], opt.jobs, 1, 1'000'000))) return std::nullopt;
  for (; next < argc; next += 2) {
    if (next + 1 == argc) return std::nullopt;
    bool right = std::string_view{argv[next]} == "--dsn";
    if (right) opt.dsn = argv[next + 1];
    for (auto const& k : known) {
      if (k.command == opt.command && k.name == argv[next]) right = number(argv[next + 1], k.value, k.least, k.most);
    }
    if (!right) return std::nullopt;
  }
  opt.work.lease = milliseconds{opt.lease};
  opt.work.poll = milliseconds{opt.poll};
  opt.work.pause = milliseconds{opt.pause};
  return opt;
}

}  // namespace
}  // namespace jobs

int main(int argc, char** argv) try {
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::printf("%s%s", jobs::usage, jobs::help);
    return 0;
  }
  auto const opt = jobs::parse(argc, argv);
  if (!opt) {
    std::fputs(jobs::usage, stderr);
    return 2;
  }
  weft::runtime_options how;
  how.name = "jobs";
  how.cancel_on_signals = {SIGTERM, SIGINT};
  return weft::run(std::move(how), [&] { return jobs::run(*opt); });
} catch (weft::exception_group const& errors) {
  errors.flatten().handle([](std::exception const& e) { std::fprintf(stderr, "jobs: %s\n", e.what()); });
  return 1;
} catch (std::exception const& e) {
  std::fprintf(stderr, "jobs: %s\n", e.what());
  return 1;
}
