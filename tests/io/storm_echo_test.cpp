// Storms over loopback: every byte that was sent comes back once and in order, while reads time out, are cancelled and
// streams are closed by others; and nothing stays open.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;

namespace {

void echo(weft::tcp_stream s) {
  char some[256];
  while (auto const n = s.read_some(some)) s.write_all(std::span(some, n));
}

// Accepts until the listener is closed.
void serve(weft::tcp_listener& l) {
  weft::with_group([&](weft::task_group& g) {
    for (;;) {
      std::error_code error;
      auto s = l.accept(weft::never, error);
      if (error == std::errc::operation_canceled) return;
      REQUIRE_FALSE(error);
      g.spawn([s = std::move(s)]() mutable {
        try {
          echo(std::move(s));
        } catch (std::system_error const&) {  // clients reset
        }
      });
    }
  });
}

char at(std::uint64_t seed, std::size_t i) { return static_cast<char>('a' + (seed * 31 + i * 7 + i / 13) % 26); }

}  // namespace

TEST_CASE("storm: clients that read in pieces, with time-outs and cancellations between; nothing is lost or doubled") {
  auto const seed = storm::seed();
  auto const before = open_descriptors();
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [&] {
      auto l = listener();
      auto server = weft::spawn([&l] { serve(l); });
      auto const client = [&l](std::uint64_t own) {
        storm::dice dice(own);
        auto s = weft::tcp_stream::connect(l.local_address());
        std::size_t sent = 0, got = 0;
        std::size_t const all = storm::rounds(3000, 100'000);
        std::string piece(200, '\0');
        while (got != all) {
          if (sent != all && dice.below(2) == 0) {
            auto const n = std::min<std::size_t>(1 + dice.below(piece.size()), all - sent);
            for (std::size_t i = 0; i != n; ++i) piece[i] = at(own, sent + i);
            s.write_all(std::span(piece.data(), n));
            sent += n;
          }
          if (got == sent) continue;
          std::size_t n = 0;
          auto const into = std::span(piece.data(), std::min<std::size_t>(1 + dice.below(piece.size()), sent - got));
          switch (dice.below(4)) {
            case 0: {
              std::error_code error;
              s.set_read_deadline(std::chrono::microseconds(dice.below(50)));
              n = s.read_some(into, error);
              s.set_read_deadline(weft::never);
              REQUIRE((!error || error == std::errc::timed_out));
              break;
            }
            case 1: {
              auto reader = weft::spawn([&] { n = s.read_some(into); });
              if (dice.below(2) == 0) weft::this_task::yield();
              (void)reader.cancel();
              reader.wait();
              break;
            }
            default: n = s.read_some(into);
          }
          for (std::size_t i = 0; i != n; ++i) REQUIRE(piece[i] == at(own, got + i));
          got += n;
        }
      };
      weft::with_group([&](weft::task_group& g) {
        for (std::uint64_t c = 0; c != 8; ++c) g.spawn([&, c] { client(seed + c); });
      });
      l.close();
      server.get();
    });
  });
  CHECK(open_descriptors() == before);
}

TEST_CASE("storm: streams are closed by others while they are read, and their numbers used again at once") {
  auto const seed = storm::seed();
  auto const before = open_descriptors();
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [&] {
      auto l = listener();
      auto server = weft::spawn([&l] { serve(l); });
      weft::with_group([&](weft::task_group& g) {
        for (std::uint64_t c = 0; c != 4; ++c) {
          g.spawn([&, c] {
            storm::dice dice(seed + c);
            for (std::size_t i = 0; i != storm::rounds(100, 20'000); ++i) {
              auto s = weft::tcp_stream::connect(l.local_address());
              auto const mark = std::to_string(c * 1'000'000 + i) + "\n";
              std::string line;
              auto reader = weft::spawn([&] {
                std::error_code error;
                (void)s.read_until(line, "\n", 100, error);
                return error;
              });
              bool const asks = dice.below(2) == 0;
              if (asks) s.write_all(mark);
              if (dice.below(2) == 0) weft::this_task::yield();
              s.close();
              auto const error = reader.get();
              if (error) {
                REQUIRE(error == std::errc::operation_canceled);
              } else {
                REQUIRE(asks);
                REQUIRE(line == mark);  // nobody else's bytes
              }
            }
          });
        }
      });
      l.close();
      server.get();
    });
  });
  CHECK(open_descriptors() == before);
}
