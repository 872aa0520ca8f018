// crawl: fetches a site's pages, many at once: one task follows the links and tells what has come, the others fetch.
#include <weft/http.hpp>
#include <weft/queue.hpp>
#include <weft/runtime.hpp>
#include <weft/semaphore.hpp>
#include <weft/task_group.hpp>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "page.hpp"
#include "url.hpp"

namespace crawl {
namespace {

constexpr char usage[] = "usage: crawl [--at-once N] [--time-out SECONDS] [--most N] http://HOST[:PORT]/...\n";
constexpr char help[] =
    "Fetches that page and all that links lead to from it on the same host and port, each once, and shows them as they come: status,\n"
    "bytes, time. At the end the totals, also after Ctrl-C.\n"
    "  --at-once N         requests at the same time, 1 to 1000 (default: 10)\n"
    "  --time-out SECONDS  for each of them, 1 to 3600 (default: 10)\n"
    "  --most N            pages altogether, 1 to 1000000 (default: 10000)\n"
    "Exit code: 0; 1: not one page has come, or it was interrupted; 2: usage.\n";

struct options {
  unsigned at_once = 10, time_out = 10, most = 10'000;
  url start;
};

class crawler {
 public:
  explicit crawler(options const& o) : opt_{o} {}

  // S
  void run() {
    std::string_view host = opt_.start.host;
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    std::chrono::seconds const time_out{opt_.time_out};
    auto const server = weft::tcp_stream::connect(host, opt_.start.port, time_out).peer_address();  // the one that answers, of all the name has

    weft::semaphore turns{opt_.at_once};
    weft::queue<page> come;
    weft::with_group([&](weft::task_group& fetching) {
      std::size_t missing = 0;
      auto const visit = [&](url const& to) {
        if (!is_new(to)) return;
        ++missing;
        fetching.spawn([&, to] {
          weft::permit const turn{turns};
          come.put(fetch(server, to, time_out));
        });
      };
      for (visit(opt_.start); missing != 0; --missing) {
        auto const p = come.get();
        tell(p);
        for (auto const& link : p.links) visit(link);
      }
    });
  }

  void print_totals(std::chrono::duration<double> took) const {
    std::printf("pages %zu, redirections %zu, failures %zu, bytes %zu, in %.2f s\n", pages_, redirections_, failures_, bytes_, took.count());
    if (left_out_) std::printf("there are more\n");
  }
  [[nodiscard]] bool any() const { return pages_ != 0; }

 private:
  bool is_new(url const& to) {
    if (!to.same_site(opt_.start) || seen_.contains(to.target)) return false;
    left_out_ = seen_.size() == opt_.most;
    return !left_out_ && seen_.insert(to.target).second;
  }

  void tell(page const& p) {
    bytes_ += p.bytes;
    if (!p.failure.empty()) {
      ++failures_;
      std::fprintf(stderr, "crawl: %s: %s\n", p.where.to_string().c_str(), p.failure.c_str());
      return;
    }
    ++(p.status / 100 == 3 ? redirections_ : pages_);
    std::printf("%3u %9zu B %8.1f ms  %s\n", p.status, p.bytes, p.took.count(), p.where.to_string().c_str());
  }

  options const opt_;
  std::unordered_set<std::string> seen_;  // targets; only the task that runs run() looks at all this
  std::size_t pages_ = 0, redirections_ = 0, failures_ = 0, bytes_ = 0;
  bool left_out_ = false;
};

int run(options const& opt) {
  crawler c{opt};
  auto const began = weft::clock::now();
  bool complete = true;
  try {
    c.run();
  } catch (weft::cancelled const&) {
    complete = false;
    std::printf("interrupted\n");
  }
  c.print_totals(weft::clock::now() - began);
  return complete && c.any() ? 0 : 1;
}

std::optional<options> parse(int argc, char** argv) {
  options opt;
  struct {
    std::string_view name;
    unsigned& value;
    unsigned most;
  } const known[] = {{"--at-once", opt.at_once, 1000}, {"--time-out", opt.time_out, 3600}, {"--most", opt.most, 1'000'000}};
  int i = 1;
  for (; i + 1 < argc; i += 2) {
    bool right = false;
    for (auto const& k : known) {
      if (argv[i] != k.name) continue;
      char const* const end = argv[i + 1] + std::strlen(argv[i + 1]);
      auto const [stop, error] = std::from_chars(argv[i + 1], end, k.value);
      right = error == std::errc{} && stop == end && k.value >= 1 && k.value <= k.most;
    }
    if (!right) return std::nullopt;
  }
  auto start = i + 1 == argc ? url::parse(argv[i]) : std::nullopt;
  if (!start) return std::nullopt;
  opt.start = std::move(*start);
  return opt;
}

}  // namespace
}  // namespace crawl

int main(int argc, char** argv) try {
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::printf("%s%s", crawl::usage, crawl::help);
    return 0;
  }
  auto const opt = crawl::parse(argc, argv);
  if (!opt) {
    std::fputs(crawl::usage, stderr);
    return 2;
  }
  weft::runtime_options how;
  how.name = "crawl";
  how.cancel_on_signals = {SIGINT, SIGTERM};
  return weft::run(std::move(how), [&] { return crawl::run(*opt); });
} catch (std::exception const& e) {
  std::fprintf(stderr, "crawl: %s\n", e.what());
  return 1;
}
