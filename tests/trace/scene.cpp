// scene DIRECTORY: plays a scene on 1, 2 and 4 workers and in a simulation, each recorded to a file there, and prints a line of JSON about
// each: what has to be in it. trace_check.py reads both.
// scene stall: a task keeps its worker until the report of it has written the trace that WEFT_TRACE asks for.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/weft.hpp>

namespace {

using std::chrono::steady_clock;
namespace fs = std::filesystem;

struct facts {
  std::int64_t hog_ns = 0;
  std::uint64_t hog = 0, patient = 0, outer = 0, inner = 0, failed = 0, cancelled = 0, odd = 0, wordy = 0, renamed = 0, call = 0, lives = 0;
};

// Keeps its worker, and says how long it has at least.
void keep_busy(std::int64_t& ns) {
  auto const begin = steady_clock::now();
  while (steady_clock::now() - begin < std::chrono::milliseconds(20)) {
  }
  ns = (steady_clock::now() - begin).count();
}

void tell(weft::event& e, weft::task<> const& who) {
  while (who.state() != weft::task_state::suspended) weft::this_task::yield();
  e.set();
}

long fib(int n) {
  if (n < 2) return n;
  auto left = weft::spawn([n] { return fib(n - 1); });
  long const right = fib(n - 2);
  return left.get() + right;
}

void play(facts& f) {
  auto hog = weft::spawn({.name = "hog"}, [&f] { keep_busy(f.hog_ns); });
  f.hog = hog.id();
  hog.wait();

  weft::event first, second;
  auto patient = weft::spawn({.name = "patient"}, [&] {
    first.wait();
    second.wait();
  });
  f.patient = patient.id();
  tell(first, patient);
  tell(second, patient);
  patient.wait();

  auto outer = weft::spawn({.name = "outer"}, [&f] {
    auto inner = weft::spawn({.name = "inner"}, [] { weft::this_task::sleep_for(std::chrono::microseconds(100)); });
    f.inner = inner.id();
    inner.get();
  });
  f.outer = outer.id();
  outer.wait();

  auto failed = weft::spawn([] { throw std::runtime_error("on purpose"); });
  f.failed = failed.id();
  failed.wait();
  (void)failed.exception();
  weft::event never;
  auto cancelled = weft::spawn([&never] { never.wait(); });
  f.cancelled = cancelled.id();
  while (cancelled.state() != weft::task_state::suspended) weft::this_task::yield();
  cancelled.cancel();
  cancelled.wait();

  auto odd = weft::spawn({.name = "\"odd\" \\ \xff\n\xc3\xbc"}, [] {});
  f.odd = odd.id();
  odd.wait();
  auto wordy = weft::spawn({.name = std::string(300, 'w')}, [] {});
  f.wordy = wordy.id();
  wordy.wait();
  auto renamed = weft::spawn({.name = "first name"}, [] { weft::this_task::set_name("second name"); });
  f.renamed = renamed.id();
  renamed.wait();

  weft::run_blocking([&f] {
    weft::this_task::set_name("blocking call");
    f.call = weft::this_task::id();
  }).get();

  // A crowd: tasks that wake each other, are inlined, nested, and moved about.
  weft::channel<int> there, back;
  auto ping = weft::spawn([&] {
    for (int i = 0; i != 200; ++i) {
      there.send(i);
      (void)back.receive();
    }
  });
  auto pong = weft::spawn([&] {
    for (int i = 0; i != 200; ++i) {
      (void)there.receive();
      back.send(i);
    }
  });
  (void)fib(12);
  weft::parallel_for(0, 1000, [](int i) { if (i % 100 == 0) weft::this_task::yield(); });
  std::vector<weft::task<>> sleepers;
  for (int i = 0; i != 20; ++i) {
    sleepers.push_back(weft::spawn([i] { weft::this_task::sleep_for(std::chrono::microseconds(10 * i)); }));
  }
  for (auto& s : sleepers) s.get();
  ping.get();
  pong.get();
  auto lives = weft::spawn({.name = "lives on"}, [&never] { never.wait(); });
  f.lives = lives.id();
  while (lives.state() != weft::task_state::suspended) weft::this_task::yield();
  weft::trace::stop();
  lives.cancel();
  lives.wait();
}

void say(facts const& f, fs::path const& file, char const* where, unsigned workers) {
  std::printf(R"({"file":"%s","where":"%s","workers":%u,"hog_ns":%lld)", file.c_str(), where, workers, static_cast<long long>(f.hog_ns));
  auto const id = [](char const* name, std::uint64_t n) { std::printf(R"(,"%s":%llu)", name, static_cast<unsigned long long>(n)); };
  id("hog", f.hog), id("patient", f.patient), id("outer", f.outer), id("inner", f.inner), id("failed", f.failed), id("cancelled", f.cancelled);
  id("odd", f.odd), id("wordy", f.wordy), id("renamed", f.renamed), id("call", f.call), id("lives", f.lives);
  std::printf("}\n");
}

// Rings so small that most of it is overwritten; and recording begins, and is looked at, while tasks run.
void play_overwritten(fs::path const& file) {
  weft::run({.workers = 2}, [&] {
    auto fibs = weft::spawn([] { return fib(18); });
    weft::trace::record({.records = 256});
    (void)fib(16);
    std::ofstream out(file);
    weft::trace::write(out);
    (void)fibs.get();
  });
  weft::trace::record(false);
  std::printf(R"({"file":"%s","where":"overwritten"})" "\n", file.c_str());
}

int stall() {
  auto const file = std::string(std::getenv("WEFT_TRACE")) + ".stall";
  weft::run({.workers = 2, .stall_threshold = std::chrono::milliseconds(20)}, [&file] {
    weft::spawn({.name = "greedy"}, [&file] {
      while (!fs::exists(file)) {
      }
    }).wait();
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (std::string(argv[1]) == "stall") return stall();
  fs::path const directory = argv[1];
  for (unsigned const workers : {1u, 2u, 4u}) {
    auto const file = directory / (std::to_string(workers) + ".json");
    facts f;
    weft::trace::start(file);
    weft::run({.name = "scene", .workers = workers}, [&f] { play(f); });
    say(f, file, "threads", workers);
  }
  {
    auto const file = directory / "simulation.json";
    facts f;
    weft::trace::start(file);
    weft::simulation(7).run([&f] { play(f); });
    say(f, file, "simulation", 1);
  }
  play_overwritten(directory / "overwritten.json");
}
