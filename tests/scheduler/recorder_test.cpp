// The recorder below the tasks: threads have rings of their own, names go in parts, ticks become times.
#include "scheduler/recorder.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "scheduler/tick_clock.hpp"
#include "tests/support/storm.hpp"

using namespace weft::detail;

namespace {

std::int64_t steady_now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// The records of one kind, of all threads, by thread.
std::vector<std::vector<std::uint64_t>> tasks_of(recorded const& all, happened what) {
  std::vector<std::vector<std::uint64_t>> found;
  for (auto const& t : all.threads) {
    auto& mine = found.emplace_back();
    for (auto const& r : t.records) {
      if (static_cast<happened>(r.what & 0xff) == what) mine.push_back(r.task);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("records come back in order, with times of the steady clock") {
  auto const before = steady_now();
  begin_recording(64);
  CHECK(recording());
  for (std::uint64_t i = 1; i != 4; ++i) record(happened::begins, i, 10 * i, 100 * i);
  end_recording();
  CHECK_FALSE(recording());
  record(happened::begins, 4);
  auto const after = steady_now();
  auto const all = read_records();
  REQUIRE(all.threads.size() == 1);
  CHECK(all.begin >= before - 1000);  // ns: two clocks
  CHECK(all.end <= after + 1000);
  auto const& records = all.threads[0].records;
  REQUIRE(records.size() == 3);
  CHECK(all.threads[0].overwritten == 0);
  CHECK_FALSE(all.threads[0].is_worker);
  auto latest = all.begin;
  for (std::uint64_t i = 1; i != 4; ++i) {
    auto const& r = records[i - 1];
    CHECK(r.task == i);
    CHECK(r.other == 10 * i);
    CHECK(r.what == (static_cast<std::uint64_t>(happened::begins) | (100 * i) << detail_shift));
    CHECK(static_cast<std::int64_t>(r.at) >= latest);
    latest = static_cast<std::int64_t>(r.at);
  }
  CHECK(latest <= all.end);
}

TEST_CASE("a thread that has ended leaves its records; a new recording forgets them, and takes the ring again") {
  begin_recording(64);
  for (std::uint64_t i = 0; i != 200; ++i) std::thread([i] { record(happened::begins, i); }).join();
  auto const all = tasks_of(read_records(), happened::begins);
  CHECK(all.size() == 64);  // so many rings are kept, those of the last
  for (auto const& one : all) {
    REQUIRE(one.size() == 1);
    CHECK(one[0] >= 200 - 64);
  }
  begin_recording(64);
  CHECK(read_records().threads.empty());
  std::thread([] { record(happened::begins, 7); }).join();
  CHECK(tasks_of(read_records(), happened::begins) == std::vector<std::vector<std::uint64_t>>{{7}});
  end_recording();
}

TEST_CASE("names of any length and content come back, very long ones cut off") {
  for (std::size_t const n : {0u, 1u, 8u, 13u, 14u, 15u, 100u, 224u, 225u}) {
    std::string name;
    for (std::size_t i = 0; i != n; ++i) name += static_cast<char>(i % 255 + 1);
    std::string again;
    for (std::size_t i = 0; i != name_part::most && i * name_part::size < n; ++i) {
      name_part const part(name, i);
      CHECK(part.index() == i);
      CHECK((part.detail >> 56) == 0);
      again += part.text();
    }
    CHECK(again == name.substr(0, name_part::most * name_part::size));
  }
}

TEST_CASE("ticks are as long as they say") {
  tick_clock const clock;
  auto const first = clock.both();
  auto const begin = steady_now();
  auto const tick = clock.now();
  auto const end = steady_now();
  while (steady_now() - first.ns < 1'000'000) {
  }
  tick_scale const scale(first, clock.both());
  CHECK(scale.ns(first.ticks) == first.ns);
  CHECK(scale.ns(tick) >= begin - 10'000);
  CHECK(scale.ns(tick) <= end + 10'000);
}

TEST_CASE("a storm: threads come, record and go while recording begins anew and is read") {
  auto const rounds = storm::rounds(300, 50'000);
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> wrong{0};
  storm::stampede(4, [&](unsigned who) {
    if (who == 0) {
      for (std::uint64_t i = 0; i != rounds; ++i) {
        if (i % 4 == 0) begin_recording(i % 8 == 0 ? 16 : 64);
        if (i % 32 == 7) end_recording();
        for (auto const& t : read_records().threads) {
          for (auto const& r : t.records) wrong += r.other == ~r.task && r.what >> detail_shift == (r.task & 0xffff) ? 0 : 1;
        }
      }
      over = true;
      return;
    }
    for (std::uint64_t n = who; !over;) {
      std::thread([&n] {
        for (int i = 0; i != 100; ++i, n += 4) record(happened::woken, n, ~n, n & 0xffff);
      }).join();
    }
  });
  end_recording();
  CHECK(wrong == 0);
}
