// Recording, and what can be had of it. The file itself is checked by tests/trace.
#include <weft/trace.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <unistd.h>

#include "tests/support/shapes.hpp"
#include "tests/support/storm.hpp"

using namespace shapes;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace this_task = weft::this_task;
namespace trace = weft::trace;

namespace {

// On while it lives.
struct recording {
  explicit recording(trace::options const& o = {}) { trace::record(o); }
  recording(recording const&) = delete;
  recording& operator=(recording const&) = delete;
  ~recording() { trace::record(false); }
};

std::string written() {
  std::ostringstream out;
  trace::write(out);
  return out.str();
}

std::string waits() {
  std::ostringstream out;
  trace::write_waits(out);
  return out.str();
}

bool has(std::string const& all, std::string_view some) { return all.find(some) != std::string::npos; }

// A file that goes with the test.
struct scratch {
  fs::path const path = fs::temp_directory_path() / ("weft_trace_test_" + std::to_string(::getpid()) + ".json");
  scratch() = default;
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;
  ~scratch() { fs::remove(path); }
  [[nodiscard]] std::string text() const {
    std::ifstream in(path);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
  }
};

}  // namespace

// Seen by name in profiles. The empty statements keep calls from becoming jumps, and two from becoming one.
[[gnu::noinline]] void waits_here(weft::event& e) {
  e.wait();
  asm volatile("# after the wait");
}

[[gnu::noinline]] void waits_at_many_places(unsigned path, unsigned depth) {
  if (depth == 0) {
    weft::spawn([] {}).wait();
    asm volatile("# after the wait");
  } else if ((path & 1) != 0) {
    asm volatile("# to the left");
    waits_at_many_places(path >> 1, depth - 1);
    asm volatile("# left");
  } else {
    asm volatile("# to the right");
    waits_at_many_places(path >> 1, depth - 1);
    asm volatile("# right");
  }
}

TEST_CASE("a path that cannot be written is refused at once, and nothing has begun") {
  CHECK_THROWS_AS(trace::start("/nowhere/at/all.json"), std::system_error);
  CHECK_THROWS_AS(trace::start(fs::temp_directory_path()), std::system_error);
  CHECK_THROWS_AS(trace::stop(), weft::invalid_state_error);
  CHECK_THROWS_AS(trace::record({.records = 0}), std::invalid_argument);
}

TEST_CASE("a disk that is full is told of by stop(), which ends the recording all the same") {
  if (!fs::exists("/dev/full")) return;
  trace::start("/dev/full");
  CHECK_THROWS_AS(trace::stop(), std::system_error);
  CHECK_THROWS_AS(trace::stop(), weft::invalid_state_error);
}

TEST_CASE("started twice, or stopped without: invalid_state_error, and the first goes on") {
  scratch const file;
  trace::start(file.path);
  CHECK_THROWS_AS(trace::start(file.path), weft::invalid_state_error);
  for_each_worker_count([](unsigned workers) {
    run_on(workers, [] { weft::spawn({.name = "seen"}, [] {}).wait(); });
  });
  trace::stop();
  CHECK_THROWS_AS(trace::stop(), weft::invalid_state_error);
  auto const text = file.text();
  CHECK(text.starts_with("{\"displayTimeUnit\""));
  CHECK(text.ends_with("]}\n"));
  CHECK(has(text, "\"seen\""));
}

TEST_CASE("what is off records nothing; what is turned off keeps what it has; a new recording forgets it") {
  on_all([] {
    {
      recording const on;
      weft::spawn({.name = "before"}, [] {}).wait();
    }
    weft::spawn({.name = "unseen"}, [] {}).wait();
    CHECK(has(written(), "\"before\""));
    CHECK_FALSE(has(written(), "\"unseen\""));
    recording const on;
    weft::spawn({.name = "after"}, [] {}).wait();
    CHECK_FALSE(has(written(), "\"before\""));
    CHECK(has(written(), "\"after\""));
  });
}

TEST_CASE("the flight recorder goes on around a recording to a file, and begins anew with it") {
  scratch const file;
  recording const on;
  on_all([&] {
    weft::spawn({.name = "before"}, [] {}).wait();
    trace::start(file.path);
    weft::spawn({.name = "within"}, [] {}).wait();
    trace::record(true);
    trace::stop();
    weft::spawn({.name = "after"}, [] {}).wait();
    CHECK_FALSE(has(file.text(), "\"before\""));
    CHECK(has(file.text(), "\"within\""));
    CHECK_FALSE(has(file.text(), "\"after\""));
    CHECK(has(written(), "\"within\""));
    CHECK(has(written(), "\"after\""));
  });
}

TEST_CASE("a task spawned before recording has its name while it lives, else its number") {
  on_all([] {
    weft::event go;
    auto early = weft::spawn({.name = "early"}, [&go] {
      go.wait();
      this_task::yield();
    });
    until([&] { return early.state() == weft::task_state::suspended; });
    recording const on;
    auto const id = std::to_string(early.id());
    go.set();
    until([&] { return has(written(), "\"early\""); });
    early.get();
    CHECK(has(written(), "\"task\":" + id + ','));
  });
}

TEST_CASE("a simulation is recorded, too, at the machine's time") {
  in_simulations(5, [] {
    recording const on;
    weft::event go;
    auto t = weft::spawn({.name = "simulated"}, [&go] { go.wait(); });
    until([&] { return t.state() == weft::task_state::suspended; });
    go.set();
    t.get();
    CHECK(has(written(), "waits for an event"));
  });
}

TEST_CASE("loads: the busiest is the first, by name; it counts while it runs") {
  for_each_worker_count([](unsigned workers) {
    recording const on;
    run_on(workers, [] {
      auto busy = weft::spawn({.name = "busy"}, [] {
        for (std::vector<trace::task_load> found; found.empty() || found.front().name != "busy" || found.front().busy <= 0ns;) {
          found = trace::loads(1h);
        }
      });
      busy.wait();
    });
    auto const found = trace::loads(1h);
    auto const busy = std::ranges::find(found, "busy", &trace::task_load::name);
    REQUIRE(busy != found.end());
    CHECK(busy->slices >= 1);
    CHECK(std::ranges::is_sorted(found, std::greater{}, &trace::task_load::busy));
  });
  CHECK(trace::loads(0s).empty());
}

TEST_CASE("loads: who waits for a worker has a delay; tasks without names are counted where they were spawned") {
  recording const on;
  run_on(1, [] {
    std::vector<weft::task<>> crowd;
    for (int i = 0; i != 10; ++i) crowd.push_back(weft::spawn([] { this_task::yield(); }));
    for (auto& t : crowd) t.wait();
  });
  auto const found = trace::loads(1h);
  auto const crowd = std::ranges::find_if(found, [](auto const& l) { return l.name.starts_with("trace_test.cpp:"); });
  REQUIRE(crowd != found.end());
  CHECK(crowd->slices >= 10);
  CHECK(crowd->delay > 0ns);
}

TEST_CASE("waits: the function where tasks wait is in the profile, also while they do") {
  for_each_worker_count([](unsigned workers) {
    recording const on({.waits = true});
    run_on(workers, [] {
      weft::event go;
      std::vector<weft::task<>> all;
      for (int i = 0; i != 3; ++i) all.push_back(weft::spawn([&go] { waits_here(go); }));
      for (auto& t : all) until([&] { return t.state() == weft::task_state::suspended; });
      until([] { return has(waits(), "waits_here(weft::event&);"); });
      go.set();
      for (auto& t : all) t.get();
    });
    auto const text = waits();
    CHECK(has(text, "waits_here(weft::event&);"));
    // "frames;separated;by;semicolons 1234" in every line
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      auto const number = line.rfind(' ');
      REQUIRE(number != std::string::npos);
      CHECK(number > 0);
      CHECK(line.find_first_not_of("0123456789", number + 1) == std::string::npos);
      CHECK(line.size() > number + 1);
    }
  });
}

TEST_CASE("waits: none unless asked for; a new recording forgets them; too many places are [other]") {
  run_on(1, [] {
    weft::event go;
    {
      recording const on({.waits = true});
      auto waiter = weft::spawn([&go] { waits_here(go); });
      until([&] { return waiter.state() == weft::task_state::suspended; });
      until([] { return has(waits(), "waits_here"); });
      go.set();
      waiter.get();
      CHECK_FALSE(has(waits(), "[other]"));
      for (unsigned path = 0; path != 4096; ++path) waits_at_many_places(path, 12);
      CHECK(has(waits(), "[other] "));
    }
    recording const on;
    CHECK_FALSE(has(waits(), "waits_here"));
    go.reset();
    auto waiter = weft::spawn([&go] { waits_here(go); });
    until([&] { return waiter.state() == weft::task_state::suspended; });
    go.set();
    waiter.get();
    CHECK_FALSE(has(waits(), "waits_here"));
  });
}

TEST_CASE("a storm: recording is turned on and off, written and looked at while tasks run and threads come and go") {
  auto const rounds = storm::rounds(60, 5'000);
  for_each_worker_count([&](unsigned workers) {
    storm::dice roll(storm::seed());
    scratch const file;
    std::atomic<bool> over{false};
    std::atomic<std::uint64_t> ran{0}, spawned{0};
    std::thread outside([&, own = storm::dice(roll())]() mutable {
      for (std::uint64_t i = 0; i != rounds; ++i) {
        switch (own.below(6)) {
          case 0: trace::record(true); break;
          case 1: trace::record(false); break;
          case 2: trace::record({.records = std::size_t{1} << own.below(10), .waits = own.below(2) == 0}); break;
          case 3: CHECK(written().ends_with("]}\n")); break;
          case 4: (void)trace::loads(1ms * own.below(100)); break;
          default:
            trace::start(file.path, {.records = 64, .waits = own.below(2) == 0});
            std::this_thread::yield();
            trace::stop();
            CHECK(file.text().ends_with("]}\n"));
        }
        (void)waits();
      }
      over = true;
    });
    while (!over) {
      run_on(workers, [&, seed = roll()] {
        storm::dice own(seed);
        weft::channel<int> pipe;
        std::vector<weft::task<>> all;
        for (int i = 0; i != 40; ++i) {
          ++spawned;
          all.push_back(weft::spawn({.name = i % 3 == 0 ? std::string("named ") + std::to_string(i) : std::string()}, [&, k = own()] {
            ++ran;
            switch (k % 5) {
              case 0: this_task::yield(); break;
              case 1: this_task::sleep_for(std::chrono::microseconds(k % 50)); break;
              case 2: weft::spawn([] { this_task::yield(); }).get(); break;
              case 3: weft::run_blocking([] { this_task::set_name("call"); }).get(); break;
              default: weft::gather([] {}, [] { this_task::yield(); });
            }
          }));
        }
        auto sender = weft::spawn([&pipe] { for (int i = 0; i != 20; ++i) pipe.send(i); });
        for (int i = 0; i != 20; ++i) (void)pipe.receive();
        sender.get();
        for (auto& t : all) t.get();
      });
    }
    outside.join();
    trace::record(false);
    CHECK(ran == spawned);
  });
}
