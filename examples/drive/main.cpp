// drive: puts load on the service: requests at random times, whatever it does. First cheap ones alone, then beside some that are not.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <weft/queue.hpp>
#include <weft/runtime.hpp>
#include <weft/task_group.hpp>

#include "connection.hpp"
#include "latencies.hpp"

namespace drive {
namespace {

constexpr char usage[] = "usage: drive ADDRESS:PORT [--seconds N] [--rate N] [--connections N] [--costly WHICH]\n";
constexpr char help[] =
    "Sends requests to examples/service and shows how long they take, from when each was due.\n"
    "  --seconds N      altogether, 1 to 3600 (default: 10)\n"
    "  --rate N         requests a second, 1 to 100000 (default: 1000)\n"
    "  --connections N  1 to 10000 (default: 100)\n"
    "  --costly WHICH   hogs, words, upstream or all (default: all)\n"
    "Two fifths of the time all are cheap. Then of each hundred one computes for 20 ms without giving way (hogs), one has a text's words\n"
    "counted, and two ask the slow service behind (upstream).\n";

enum kind : std::size_t { cheap, hog, words, upstream, kinds };

struct options {
  weft::address to = weft::address::loopback(0);
  unsigned seconds = 10, rate = 1000, connections = 100;
  kind costly = kinds;  // all of them
};

constexpr std::array<char const*, kinds> names{"cheap", "20 ms of CPU", "words of a text", "slow service behind"};

weft::http_request request_for(kind k) {
  using boost::beast::http::verb;
  static constexpr std::array<char const*, kinds> targets{"/cheap", "/hog", "/words", "/upstream"};
  weft::http_request r{k == words ? verb::post : verb::get, targets[k], 11};
  r.set(boost::beast::http::field::host, "service");
  if (k == words) {
    for (int i = 0; i != 20'000; ++i) r.body() += "word after word ";
  }
  r.prepare_payload();
  return r;
}

class load {
 public:
  load(options const& o) : opt_{o} {
    for (std::size_t k = 0; k != kinds; ++k) requests_[k] = request_for(kind{k});
    for (unsigned i = 0; i != o.connections; ++i) idle_.put(std::make_unique<connection>(o.to));
  }

  // S  One phase.
  void run(bool mixed, weft::clock::duration length) {
    auto& results = mixed ? beside_ : alone_;
    std::exponential_distribution<double> gap{static_cast<double>(opt_.rate)};
    auto due = weft::clock::now(), shown = due;
    auto const end = due + length;
    std::size_t shown_count = 0;
    {
      weft::task_group all;
      for (unsigned n = 0; due < end; ++n) {
        weft::this_task::sleep_until(due);
        auto const k = mixed ? kind_of(n) : cheap;
        all.spawn([this, k, due, &into = results[k]] { one(k, due, into); });
        due += std::chrono::duration_cast<weft::clock::duration>(std::chrono::duration<double>{gap(random_)});
        if (due - shown < std::chrono::milliseconds{500}) continue;
        shown = due;
        show(mixed ? "cheap and costly" : "cheap alone", results[cheap], std::exchange(shown_count, results[cheap].count()));
      }
      all.join();
    }
  }

  void table() const {
    std::printf("\n%-36s %8s %10s %10s %10s %10s   ms\n", "requests", "answers", "p50", "p99", "p99.9", "longest");
    row("cheap, alone", alone_[cheap]);
    row("cheap, beside the others", beside_[cheap]);
    for (std::size_t k = hog; k != kinds; ++k) {
      if (beside_[k].count() != 0) row(names[k], beside_[k]);
    }
    std::printf("turned away (503): %u, failed: %u\n", turned_away_.load(), failed_.load());
  }
  [[nodiscard]] bool well() const { return failed_.load() == 0 && alone_[cheap].count() != 0; }

 private:
  using by_kind = std::array<latencies, kinds>;

  [[nodiscard]] kind kind_of(unsigned n) const noexcept {
    auto const k = n % 100 == 0 ? hog : n % 100 == 33 ? words : n % 50 == 16 ? upstream : cheap;
    return opt_.costly == kinds || opt_.costly == k ? k : cheap;
  }
  void one(kind k, weft::clock::time_point due, latencies& into) {
    auto c = idle_.get();
    try {
      auto const status = c->ask(requests_[k]);
      if (status == 200) into.add(weft::clock::now() - due);
      if (status == 503) ++turned_away_;
      if (status != 200 && status != 503) ++failed_;
      idle_.put(std::move(c));
    } catch (std::exception const&) {
      ++failed_;
      idle_.put(std::make_unique<connection>(opt_.to));  // throws: nobody is there any more, and the group ends
    }
  }
  static void show(char const* what, latencies const& l, std::size_t before) {
    std::printf("\r%-18s %8zu answers, cheap ones of the last half second: p50 %6.2f ms, p99 %6.2f ms ", what, l.count(),
                l.percentile(50, before).count(), l.percentile(99, before).count());
    std::fflush(stdout);
  }
  static void row(char const* what, latencies const& l) {
    std::printf("%-36s %8zu %10.2f %10.2f %10.2f %10.2f\n", what, l.count(), l.percentile(50).count(), l.percentile(99).count(),
                l.percentile(99.9).count(), l.percentile(100).count());
  }

  options const opt_;
  std::array<weft::http_request, kinds> requests_;
  weft::queue<std::unique_ptr<connection>> idle_;
  by_kind alone_, beside_;
  std::atomic<unsigned> failed_{0}, turned_away_{0};
  std::mt19937_64 random_{1};
};

std::optional<options> parse(int argc, char** argv) {
  if (argc < 2) return std::nullopt;
  options opt;
  opt.to = weft::address::parse(argv[1]);
  struct {
    std::string_view name;
    unsigned& value;
    unsigned most;
  } const known[] = {{"--seconds", opt.seconds, 3600}, {"--rate", opt.rate, 100'000}, {"--connections", opt.connections, 10'000}};
  for (int i = 2; i < argc; i += 2) {
    if (i + 1 == argc) return std::nullopt;
    bool right = false;
    if (std::strcmp(argv[i], "--costly") == 0) {
      static constexpr std::string_view which[] = {"hogs", "words", "upstream", "all"};
      auto const* const found = std::find(std::begin(which), std::end(which), argv[i + 1]);
      opt.costly = static_cast<kind>(hog + (found - std::begin(which)));  // all: kinds
      right = found != std::end(which);
    }
    for (auto const& k : known) {
      if (argv[i] != k.name) continue;
      char const* const end = argv[i + 1] + std::strlen(argv[i + 1]);
      auto const [stop, error] = std::from_chars(argv[i + 1], end, k.value);
      right = error == std::errc{} && stop == end && k.value >= 1 && k.value <= k.most;
    }
    if (!right) return std::nullopt;
  }
  return opt;
}

}  // namespace
}  // namespace drive

int main(int argc, char** argv) try {
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::printf("%s%s", drive::usage, drive::help);
    return 0;
  }
  auto const opt = drive::parse(argc, argv);
  if (!opt) {
    std::fputs(drive::usage, stderr);
    return 2;
  }
  return weft::run([&] {
    drive::load l{*opt};
    std::chrono::milliseconds const all = std::chrono::seconds{opt->seconds};
    l.run(false, all * 2 / 5);
    l.run(true, all * 3 / 5);
    l.table();
    return l.well() ? 0 : 1;
  });
} catch (std::exception const& e) {
  std::fprintf(stderr, "drive: %s\n", e.what());
  return 1;
}
