// Parts of a team: what a taker has done is seen by the forker, whose frame may end then; and no request to end is lost.
#include <weft/detail/part_end.hpp>

#include <optional>

#include "tests/model/fiber.hpp"

using namespace weft;
using detail::atomic;
using detail::parker;
using detail::part_end;
using detail::plain;
using enum std::memory_order;

namespace {

// ---- the end of a part

struct part {
  part_end end;
  plain<int> result{0};
};

struct forked {
  model::fiber forker;
  atomic<part*> entry{nullptr};  // stands for the deque: whoever has taken it off does it
  int joined = 0;

  void fork_and_join() {
    std::optional<part> frame;  // on the forker's stack; g++ takes a plain local for uninitialised
    part& p = frame.emplace();
    entry.store(&p, release);
    if (entry.exchange(nullptr, seq_cst) == nullptr) {
      if (p.end.await(forker)) {
        for (;;) {
          (void)forker.clear_kick();
          if (p.end.is_over()) break;
          forker.park();
        }
      }
      model::check(p.result == 7, "not done, or not seen");
    }
    ++joined;
  }
  void take() {
    part* const p = entry.exchange(nullptr, seq_cst);
    if (p == nullptr) return;
    p->result = 7;
    if (parker* const waiting = p->end.finish(); waiting != nullptr && waiting->kick()) model::fiber::schedule(*waiting);
  }
};

void a_part(model::run& r) {
  auto& f = r.make<forked>("forked");
  r.thread("forker", [&] { f.fork_and_join(); });
  r.thread("taker", [&] { f.take(); });
  r.at_end([&] {
    f.forker.expect_quiet();
    model::check(f.joined == 1, "not joined");
  });
}

void parts_one_after_the_other(model::run& r) {
  auto& f = r.make<forked>("forked");
  r.thread("forker", [&] {
    f.fork_and_join();
    f.fork_and_join();
  });
  r.thread("taker A", [&] { f.take(); });
  r.thread("taker B", [&] { f.take(); });
  r.at_end([&] {
    f.forker.expect_quiet();
    model::check(f.joined == 2, "not joined");
  });
}

// ---- stopping a team: K4

struct stopping {
  atomic<std::uint32_t> said{0};
  atomic<int> runner{0};          // the taker's task
  atomic<std::uint64_t> requests{0};
  model::fiber taker;
  plain<int> ended{0};

  void stop() {
    (void)said.fetch_or(1, seq_cst);
    if (runner.load(seq_cst) == 0) return;
    (void)requests.fetch_or(1, seq_cst);
    taker.kick_it();
  }
  // The part waits for ever; only a request ends it.
  void work() {
    runner.store(1, seq_cst);
    if (said.load(seq_cst) == 0) {
      for (;;) {
        (void)taker.clear_kick();
        if (requests.load(seq_cst) != 0) break;
        taker.park();
      }
    }
    ended = 1;
  }
};

void stopped_while_taken(model::run& r) {
  auto& s = r.make<stopping>("team");
  r.thread("forker", [&] { s.stop(); });
  r.thread("taker", [&] { s.work(); });
  r.at_end([&] {
    s.taker.expect_quiet();
    model::check(s.ended == 1, "not ended");
  });
}

}  // namespace

int main(int argc, char** argv) {
  return model::run_all(argc, argv,
                        {{"a part", a_part},
                         {"parts one after the other", parts_one_after_the_other},
                         {"stopped while it is taken", stopped_while_taken}});
}
