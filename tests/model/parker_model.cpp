// The parker: exactly one schedule for each park, no lost kick, what is handed over is seen, a late claimer
// is harmless.
#include "tests/model/fiber.hpp"

using namespace weft;
using detail::atomic;
using detail::parker;
using detail::plain;
using enum std::memory_order;

namespace {

// The news are relaxed: only the kick carries them.
struct kicked {
  model::fiber owner;
  atomic<int> news[2]{0, 0};

  void tell(int which) {
    news[which].store(1, relaxed);
    owner.kick_it();
  }
  void wait_for_news(int count) {
    for (;;) {
      (void)owner.clear_kick();
      int seen = 0;
      for (int i = 0; i != count; ++i) seen += news[i].load(relaxed);
      if (seen == count) return;
      owner.park();
    }
  }
};

void one_kicker(model::run& r) {
  auto& s = r.make<kicked>("kicked");
  r.thread("owner", [&] { s.wait_for_news(1); });
  r.thread("kicker", [&] { s.tell(0); });
  r.at_end([&] { s.owner.expect_quiet(); });
}

void two_kickers(model::run& r) {
  auto& s = r.make<kicked>("kicked");
  r.thread("owner", [&] { s.wait_for_news(2); });
  r.thread("kicker A", [&] { s.tell(0); });
  r.thread("kicker B", [&] { s.tell(1); });
  r.at_end([&] { s.owner.expect_quiet(); });
}

// What was seen and could not be acted upon is looked at again: set_kick before the next wait.
void kick_put_back(model::run& r) {
  auto& s = r.make<kicked>("kicked");
  r.thread("owner", [&] {
    while (s.owner.clear_kick()) {
      if (s.news[0].load(relaxed) != 0) {
        s.owner.set_kick();
        break;
      }
    }
    s.wait_for_news(1);
  });
  r.thread("kicker", [&] { s.tell(0); });
  r.at_end([&] { s.owner.expect_quiet(); });
}

// A wait that a claimer may end, and a cancel request that may too.
struct hand_over {
  model::fiber owner;
  atomic<parker::epoch> ticket{0};  // stands for the node in a list
  atomic<int> cancel{0};
  plain<int> value{0};
  plain<int> granted{0}, taken{0}, cancelled{0};

  // Owner: as every wait in the runtime does it.
  void wait() {
    ticket.store(owner.open(), release);
    for (;;) {
      (void)owner.clear_kick();
      if (owner.published()) break;
      if (cancel.load(relaxed) != 0) {
        if (owner.close()) {
          cancelled = 1;
          return;
        }
        // Claimed: only the publisher wakes now, so one park is enough.
        if (!owner.published()) owner.park();
        model::check(owner.published(), "woken while claimed, before anything was published");
        break;
      }
      owner.park();
    }
    owner.finish();
    taken = value;
  }
  void hand(parker::epoch e, int what) {
    if (e == 0 || !owner.claim(e)) return;
    granted = what;
    value = what;
    if (owner.publish()) model::fiber::schedule(owner);
  }
  void request_cancel() {
    cancel.store(1, relaxed);
    owner.kick_it();
  }
};

void claim_against_cancel(model::run& r) {
  auto& s = r.make<hand_over>("wait");
  r.thread("owner", [&] { s.wait(); });
  r.thread("claimer", [&] { s.hand(s.ticket.load(acquire), 7); });
  r.thread("canceller", [&] { s.request_cancel(); });
  r.at_end([&] {
    s.owner.expect_quiet();
    model::check(s.taken == s.granted, "granted and taken differ");
    model::check((s.taken == 7) != (s.cancelled == 1), "neither granted nor cancelled, or both");
  });
}

// The wait is over already for the claimer, while kicks come at every moment: the owner must not be lost.
void claim_with_kicks(model::run& r) {
  auto& s = r.make<hand_over>("wait");
  r.thread("owner", [&] { s.wait(); });
  r.thread("claimer", [&] {
    parker::epoch e;
    while ((e = s.ticket.load(acquire)) == 0) model::spin();
    s.hand(e, 7);
  });
  r.thread("kicker", [&] { s.owner.kick_it(); });  // stray: no news
  r.at_end([&] {
    s.owner.expect_quiet();
    model::check(s.taken == 7, "not handed over");
  });
}

// An inspector takes the parked owner, and gives it back: no kick and no hand-over is lost, and no wake-up is doubled.
void look_at(model::fiber& f) {
  if (!f.halt()) return;
  model::check(f.context != 0, "halted without a context");
  if (!f.commit_park()) model::fiber::schedule(f);
}

void kick_while_halted(model::run& r) {
  auto& s = r.make<kicked>("kicked");
  r.thread("owner", [&] { s.wait_for_news(1); });
  r.thread("kicker", [&] { s.tell(0); });
  r.thread("inspector", [&] { look_at(s.owner); });
  r.at_end([&] { s.owner.expect_quiet(); });
}

void claim_while_halted(model::run& r) {
  auto& s = r.make<hand_over>("wait");
  r.thread("owner", [&] { s.wait(); });
  r.thread("claimer", [&] {
    parker::epoch e;
    while ((e = s.ticket.load(acquire)) == 0) model::spin();
    s.hand(e, 7);
  });
  r.thread("inspector", [&] { look_at(s.owner); });
  r.at_end([&] {
    s.owner.expect_quiet();
    model::check(s.taken == 7, "not handed over");
  });
}

void two_inspectors(model::run& r) {
  auto& s = r.make<kicked>("kicked");
  r.thread("owner", [&] { s.wait_for_news(1); });
  r.thread("inspector A", [&] {
    look_at(s.owner);
    s.tell(0);
  });
  r.thread("inspector B", [&] { look_at(s.owner); });
  r.at_end([&] { s.owner.expect_quiet(); });
}

// A claimer with the ticket of an earlier wait comes while the next one is open.
struct two_waits {
  model::fiber owner;
  atomic<parker::epoch> ticket[2]{0, 0};
  plain<int> value{0};
  plain<int> granted[2]{0, 0}, taken[2]{0, 0};

  void hand(int which) {
    auto const e = ticket[which].load(acquire);
    if (e == 0 || !owner.claim(e)) return;
    granted[which] = 1;
    value = which + 1;
    if (owner.publish()) model::fiber::schedule(owner);
  }
  void take(int which) {
    while (!owner.published()) owner.park();
    owner.finish();
    model::check(value == which + 1, "what was handed over belongs to another wait");
    taken[which] = 1;
  }
};

void late_claimer(model::run& r) {
  auto& s = r.make<two_waits>("waits");
  auto& opened = r.make<model::event>("second opened");
  r.thread("owner", [&] {
    s.ticket[0].store(s.owner.open(), release);
    if (!s.owner.close()) s.take(0);
    s.ticket[1].store(s.owner.open(), release);
    opened.set();
    s.take(1);
  });
  r.thread("late", [&] { s.hand(0); });
  r.thread("claimer", [&] {
    opened.wait();
    s.hand(1);
  });
  r.at_end([&] {
    s.owner.expect_quiet();
    for (int i : {0, 1}) model::check(s.granted[i] == s.taken[i], "granted and taken differ");
  });
}

void two_claimers(model::run& r) {
  auto& s = r.make<two_waits>("waits");
  r.thread("owner", [&] {
    s.ticket[0].store(s.owner.open(), release);
    if (!s.owner.close()) s.take(0);
  });
  r.thread("claimer A", [&] { s.hand(0); });
  r.thread("claimer B", [&] { s.hand(0); });
  r.at_end([&] {
    s.owner.expect_quiet();
    model::check(s.granted[0] == s.taken[0], "granted and taken differ");
  });
}

}  // namespace

int main(int argc, char** argv) {
  return model::run_all(argc, argv,
                        {{"one kicker", one_kicker},
                         {"two kickers", two_kickers},
                         {"a kick put back", kick_put_back},
                         {"claim against cancel", claim_against_cancel},
                         {"claim with stray kicks", claim_with_kicks},
                         {"a kick while halted", kick_while_halted},
                         {"a claim while halted", claim_while_halted},
                         {"two inspectors", two_inspectors},
                         {"late claimer", late_claimer},
                         {"two claimers", two_claimers}});
}
