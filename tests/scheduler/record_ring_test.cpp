// The ring of records: the newest are kept in order, and none is torn, however fast they are overwritten while somebody reads.
#include "scheduler/record_ring.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/storm.hpp"

using weft::detail::record_ring;
using weft::detail::trace_record;

namespace {

// The nth; its words belong together.
trace_record nth(std::uint64_t n) {
  storm::dice words(n);
  trace_record r{.at = n, .task = words(), .other = words()};
  r.what = r.at ^ r.task ^ r.other;
  return r;
}

bool is_nth(trace_record const& r, std::uint64_t n) {
  auto const right = nth(n);
  return r.at == n && r.task == right.task && r.other == right.other && r.what == right.what;
}

}  // namespace

TEST_CASE("sizes are powers of two; what is read is appended, oldest first") {
  CHECK(record_ring(0).size() == 2);
  CHECK(record_ring(3).size() == 4);
  CHECK(record_ring(4).size() == 4);
  record_ring ring(4);
  CHECK(ring.empty());
  std::vector<trace_record> found(1);
  CHECK(ring.read(found) == 0);
  CHECK(found.size() == 1);
  for (std::uint64_t n = 0; n != 3; ++n) ring.write(nth(n));
  CHECK(ring.read(found) == 0);
  REQUIRE(found.size() == 4);
  for (std::uint64_t n = 0; n != 3; ++n) CHECK(is_nth(found[n + 1], n));
}

TEST_CASE("the newest are kept: all but the one that could just be overwritten") {
  record_ring ring(4);
  for (std::uint64_t n = 0; n != 10; ++n) ring.write(nth(n));
  std::vector<trace_record> found;
  CHECK(ring.read(found) == 7);
  REQUIRE(found.size() == 3);
  for (std::uint64_t i = 0; i != 3; ++i) CHECK(is_nth(found[i], 7 + i));
  ring.clear();
  CHECK(ring.empty());
}

TEST_CASE("a storm: one writes, others read; no record is torn, none missing in between, none comes back") {
  auto const rounds = storm::rounds(4000, 1'000'000);
  for (std::size_t const size : {2u, 8u, 1024u}) {
    CAPTURE(size);
    record_ring ring(size);
    std::atomic<bool> over{false};
    std::atomic<std::uint64_t> wrong{0};
    storm::stampede(3, [&](unsigned who) {
      if (who == 0) {
        for (std::uint64_t n = 0; !over.load(std::memory_order_relaxed); ++n) ring.write(nth(n));
        return;
      }
      std::uint64_t before = 0;
      std::vector<trace_record> found;
      for (std::uint64_t i = 0; i != rounds; ++i) {
        found.clear();
        auto const first = ring.read(found);
        for (std::size_t k = 0; k != found.size(); ++k) wrong += is_nth(found[k], first + k) ? 0 : 1;
        wrong += first + found.size() < before ? 1 : 0;
        before = first + found.size();
      }
      if (who == 1) {
        storm::wait_until([&] { return !ring.empty(); });
        over = true;
      }
    });
    CHECK(wrong == 0);
    std::vector<trace_record> found;
    (void)ring.read(found);
    CHECK_FALSE(found.empty());
    CHECK(found.size() <= size);
  }
}
