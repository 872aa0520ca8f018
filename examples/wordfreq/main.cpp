// wordfreq DIR...: the most frequent words of directory trees, counted on all cores by tasks that just block.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <weft/weft.hpp>

#include "gunzip.hpp"
#include "reader.hpp"
#include "stats.hpp"
#include "supply.hpp"
#include "totals.hpp"
#include "tree_walk.hpp"
#include "word_scanner.hpp"

namespace wordfreq {
namespace {

constexpr char usage[] = "usage: wordfreq [--workers N] [--top N] [--timeout SECONDS] DIR...\n";
constexpr char help[] =
    "Counts words (runs of ASCII letters, in lower case) in all regular files below the\n"
    "directories; .gz files are inflated. Links below them are not followed.\n"
    "  --workers N        threads that count, 1 to 128 (default: all CPUs)\n"
    "  --top N            how many words to print, 1 to 10000 (default: 20)\n"
    "  --timeout SECONDS  stop then (default: never)\n"
    "Stopped early, by --timeout or Ctrl-C, it prints what it has counted so far; the exit code is\n"
    "124 or 130. A second Ctrl-C ends it at once.\n"
    "Words longer than 255 letters are counted under their first 255. The words of a broken\n"
    "file count up to the fault. A file with several hard links counts once per link.\n";

struct options {
  unsigned workers = 0;
  unsigned top = 20;
  weft::deadline stop = weft::never;
  std::vector<std::string> roots;
};

// The whole process stays below 64 MiB with up to 128 workers: the more lanes, the less for each.
struct memory_plan {
  explicit memory_plan(unsigned workers) : lanes(std::min(workers + std::min(workers / 4 + 2, 8u), 136u)) {}
  unsigned lanes;  // some more than workers: while one reads, another counts
  bool few = lanes <= 12;
  std::size_t read_buffer = few ? 256 << 10 : 64 << 10;
  std::size_t text_block = 16 << 10;
  std::size_t lane_slots = std::clamp(std::bit_floor(2048 / lanes), 32u, 256u);  // see word_map::full
  std::size_t total_slots = few ? 16 << 10 : 8 << 10;
};

// One lane: reads on the blocking pool, counts on a worker, until there are no more files.
class lane {
 public:
  lane(memory_plan const& plan, supply& files, totals& all, stats& s)
      : plan_(plan), files_(files), in_(files, s, plan.read_buffer), all_(all), stats_(s) {}

  void run() try {
    std::optional<work> next;
    while (in_.unfinished() || (next = files_.get())) {
      auto const fill = [&] { return in_.fill(next); };
      for (segment& s : weft::run_blocking(fill).get()) count(s);
    }
    for (std::size_t shard = 0; shard < shards; ++shard) hand_over(shard);
  } catch (weft::cancelled const&) {
    // What was counted so far is wanted. Without spilling: that would take time, and this lane's maps are small.
    stats_.words.fetch_add(words_, std::memory_order_relaxed);
    for (std::size_t shard = 0; shard < shards; ++shard) (void)all_.absorb(shard, mine_[shard]);
    throw;
  }

 private:
  void count(segment& s) {
    if (s.gzip)
      count_gzip(s);
    else
      count_text(s.bytes);
    if (s.last) scanner_.finish([&](std::string_view word) { add(word); });
    stats_.words.fetch_add(std::exchange(words_, 0), std::memory_order_relaxed);
  }

  void count_gzip(segment& s) {
    if (!gunzip_) gunzip_.emplace(plan_.text_block);
    std::string fault = gunzip_->feed(s.bytes, [&](std::span<char> text) {
      count_text(text);
      weft::this_task::checkpoint();  // a small file may inflate to gigabytes: let others run
    });
    if (fault.empty() && s.last) fault = gunzip_->finish();
    if (!fault.empty()) {
      stats_.complain(s.path, fault);
      if (!std::exchange(s.last, true)) in_.drop();
    }
    if (s.last) gunzip_->restart();
  }

  void count_text(std::span<char> text) {
    stats_.text.fetch_add(text.size(), std::memory_order_relaxed);
    scanner_.feed(text, [&](std::string_view word) { add(word); });
  }

  void add(std::string_view word) {
    std::uint32_t const hash = hash_of(word);
    word_map& map = mine_[shard_of(hash)];
    map.add(word, hash, 1);
    ++words_;
    if (map.full(plan_.lane_slots)) hand_over(shard_of(hash));
  }

  void hand_over(std::size_t shard) {
    if (all_.absorb(shard, mine_[shard])) all_.spill(shard);
  }

  memory_plan const& plan_;
  supply& files_;
  reader in_;
  totals& all_;
  stats& stats_;
  std::optional<gunzip> gunzip_;
  word_scanner scanner_;
  std::array<word_map, shards> mine_;
  std::uint64_t words_ = 0;
};

void show_progress(stats const& s) {
  while (true) {
    weft::this_task::sleep_for(std::chrono::milliseconds{100});
    std::fprintf(stderr, "\r%llu files, %.0f MB, %llu words\033[K",
                 static_cast<unsigned long long>(s.files.load()), static_cast<double>(s.text.load()) / 1e6,
                 static_cast<unsigned long long>(s.words.load()));
  }
}

enum class ending { complete, timed_out, interrupted };

// The main task.
std::pair<ranking, ending> count_all(options const& opt, memory_plan const& plan, stats& s) {
  tree_walk walk{opt.roots, s};
  supply files{s};
  totals all{plan.total_slots};
  auto const count = [&](weft::task_group& g) {
    g.spawn([&] { files.bring(walk); });
    for (unsigned i = 0; i < plan.lanes; ++i) g.spawn([&] { lane{plan, files, all, s}.run(); });
  };
  auto how = ending::complete;
  {
    std::optional<weft::scoped_task<void>> progress;  // at the end of its scope it is cancelled and waited for
    if (s.live) progress.emplace(weft::fork([&] { show_progress(s); }));
    try {
      weft::with_timeout(opt.stop, [&] { weft::with_group(count); });
    } catch (weft::timeout_error const&) {
      how = ending::timed_out;
    } catch (weft::cancelled const&) {  // by Ctrl-C: nobody else has this task's handle
      how = ending::interrupted;
    }
  }
  if (s.live) std::fprintf(stderr, "\r\033[K");
  return {weft::run_blocking([&] { return all.top(opt.top); }).get(), how};
}

long peak_memory_kib() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6);
  return 0;
}

void print(ranking const& r, stats const& s, double seconds, weft::runtime_metrics const& m) {
  auto u = [](auto const& n) { return static_cast<unsigned long long>(n); };
  for (ranked const& w : r.most_frequent) std::printf("%12llu %s\n", u(w.count), w.word.c_str());
  std::printf("files    %llu, failed %llu\n", u(s.files), u(s.failed));
  std::printf("bytes    %llu read, %llu of text\n", u(s.raw), u(s.text));
  std::printf("words    %llu, distinct %llu\n", u(s.words), u(r.distinct));
  std::printf("time     %.3f s, %.1f MB/s of text\n", seconds, static_cast<double>(s.text) / 1e6 / seconds);
  std::printf("memory   %.1f MiB at most, %llu spills\n", static_cast<double>(peak_memory_kib()) / 1024,
              u(r.spills));
  std::printf("runtime  %zu workers, %llu tasks, %llu steals, %llu parks\n", m.workers.size(), u(m.spawned),
              u(m.steals), u(m.parks));
}

std::optional<options> parse(int argc, char** argv) {
  options opt;
  bool only_roots = false;
  for (int i = 1; i < argc; ++i) {
    std::string_view const arg = argv[i];
    if (only_roots || !arg.starts_with('-')) {
      opt.roots.emplace_back(arg);
    } else if (arg == "--") {
      only_roots = true;
    } else if (arg == "--timeout" && i + 1 < argc) {
      char* end = nullptr;
      double const seconds = std::strtod(argv[++i], &end);
      if (end == argv[i] || *end != '\0' || !(seconds > 0)) return std::nullopt;
      opt.stop = std::chrono::duration<double>{seconds};
    } else if ((arg == "--workers" || arg == "--top") && i + 1 < argc) {
      std::string_view const text = argv[++i];
      unsigned n = 0;
      auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
      if (error != std::errc{} || end != text.data() + text.size() || n == 0) return std::nullopt;
      if (n > (arg == "--top" ? 10'000u : 128u)) return std::nullopt;
      (arg == "--top" ? opt.top : opt.workers) = n;
    } else {
      return std::nullopt;
    }
  }
  if (opt.roots.empty()) return std::nullopt;
  return opt;
}

int run(options const& opt) {
  using clock = std::chrono::steady_clock;
  stats s;
  s.live = ::isatty(STDERR_FILENO) != 0;
  weft::runtime_options how;
  how.name = "wordfreq";
  how.workers = opt.workers;
  how.max_stand_ins = 0;    // a batch: nobody waits for an answer while others count
  how.stall_threshold = {};
  how.cancel_on_signals = {SIGINT};
  clock::time_point const start = clock::now();
  weft::runtime runtime{std::move(how)};
  memory_plan const plan{static_cast<unsigned>(runtime.metrics().workers.size())};
  auto const [result, end] = runtime.run([&] { return count_all(opt, plan, s); });
  std::chrono::duration<double> const took = clock::now() - start;
  if (end != ending::complete)
    std::fprintf(stderr, "wordfreq: %s; this is what was counted so far\n",
                 end == ending::timed_out ? "out of time" : "interrupted");
  if (s.roots == 0 && end == ending::complete) {
    std::fprintf(stderr, "wordfreq: none of the directories can be read\n");
    return 1;
  }
  print(result, s, took.count(), runtime.metrics());
  return end == ending::complete ? 0 : end == ending::timed_out ? 124 : 130;  // as timeout(1) and shells have it
}

}  // namespace
}  // namespace wordfreq

int main(int argc, char** argv) try {
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::printf("%s%s", wordfreq::usage, wordfreq::help);
    return 0;
  }
  std::optional<wordfreq::options> const opt = wordfreq::parse(argc, argv);
  if (!opt) {
    std::fputs(wordfreq::usage, stderr);
    return 2;
  }
  return wordfreq::run(*opt);
} catch (weft::exception_group const& errors) {
  errors.flatten().handle([](std::exception const& e) { std::fprintf(stderr, "wordfreq: %s\n", e.what()); });
  return 1;
} catch (std::exception const& e) {
  std::fprintf(stderr, "wordfreq: %s\n", e.what());
  return 1;
}
