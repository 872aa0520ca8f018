// The continuation list: order, leaving, closing in batches, handing over; then on real threads.
#include <weft/detail/wait_list.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "tests/support/storm.hpp"
#include <weft/detail/parking.hpp>

using namespace weft::detail;

namespace {

// A waiter that no thread runs: the tests wake it by hand.
struct waiter {
  waiter() { node.who = &self; }
  parker self{parker::kind::fiber};
  wait_node node;
};

std::vector<parker*> close(wait_list& l) {
  std::vector<parker*> woken;
  l.close([&](parker& p) { woken.push_back(&p); }, [](wait_node&) {});
  return woken;
}

}  // namespace

TEST_CASE("closing wakes all, first come first, and nobody registers afterwards") {
  for (std::size_t n : {0u, 1u, 2u, 3u, 31u, 32u, 33u, 64u, 65u, 1000u}) {
    CAPTURE(n);
    wait_list l;
    std::deque<waiter> all(n);
    for (auto& w : all) CHECK(l.push(w.node));
    CHECK_FALSE(l.closed());
    auto const woken = close(l);
    REQUIRE(woken.size() == n);
    for (std::size_t i = 0; i != n; ++i) CHECK(woken[i] == &all[i].self);
    CHECK(l.closed());
    waiter late;
    CHECK_FALSE(l.push(late.node));
    CHECK(close(l).empty());
    for (auto& w : all) CHECK_FALSE(l.remove(w.node));
  }
}

TEST_CASE("who leaves is not woken, wherever he stood; leaving twice does nothing") {
  for (std::size_t n = 1; n <= 4; ++n) {
    for (std::size_t leaver = 0; leaver != n; ++leaver) {
      CAPTURE(n);
      CAPTURE(leaver);
      wait_list l;
      std::deque<waiter> all(n);
      for (auto& w : all) CHECK(l.push(w.node));
      CHECK(l.remove(all[leaver].node));
      if (n > 1) CHECK_FALSE(l.remove(all[leaver].node));
      auto const woken = close(l);
      REQUIRE(woken.size() == n - 1);
      for (std::size_t i = 0, k = 0; i != n; ++i) {
        if (i != leaver) CHECK(woken[k++] == &all[i].self);
      }
    }
  }
}

TEST_CASE("a node that left can come back, at the end") {
  wait_list l;
  waiter a, b;
  for (int i = 0; i != 100; ++i) {
    CHECK(l.push(a.node));
    CHECK(l.push(b.node));
    CHECK(l.remove(a.node));
    CHECK(l.push(a.node));
    CHECK(l.claim_oldest() == nullptr);  // nobody has opened a wait: all are dropped
    CHECK(l.push(b.node));
    CHECK(l.remove(b.node));
  }
}

TEST_CASE("a callback's node goes to who closes, in its place among the others") {
  wait_list l;
  waiter a, b;
  wait_node first, second;
  CHECK(l.push(first));
  CHECK(l.push(a.node));
  CHECK(l.push(second));
  CHECK(l.push(b.node));
  std::vector<void*> seen;
  l.close([&](parker& p) { seen.push_back(&p); }, [&](wait_node& n) { seen.push_back(&n); });
  CHECK(seen == std::vector<void*>{&first, &a.self, &second, &b.self});
}

TEST_CASE("a hand-over goes to the oldest whose wait is open; those who have ended theirs are passed over") {
  wait_list l;
  std::deque<waiter> all(4);
  for (auto& w : all) {
    w.node.when = w.self.open();
    CHECK(l.push(w.node));
  }
  CHECK(all[0].self.close());
  CHECK(all[2].self.close());
  CHECK(l.claim_oldest() == &all[1].node);
  CHECK_FALSE(all[1].self.close());
  CHECK(l.claim_oldest() == &all[3].node);
  CHECK(l.claim_oldest() == nullptr);
  for (auto i : {1u, 3u}) {
    CHECK_FALSE(all[i].self.publish());
    CHECK(all[i].self.published());
  }
}

TEST_CASE("pair: registering meets closing: woken, or told that it is closed") {
  for (std::uint64_t r = 0; r != storm::rounds(2'000, 100'000); ++r) {
    wait_list l;
    waiter a;
    bool registered = false;
    std::atomic<int> woken{0};
    storm::stampede(2, [&](unsigned who) {
      if (who == 0) {
        registered = l.push(a.node);
      } else {
        l.close([&](parker&) { ++woken; }, [](wait_node&) {});
      }
    });
    REQUIRE(woken == (registered ? 1 : 0));
  }
}

TEST_CASE("pair: leaving meets closing: either, never both") {
  for (std::uint64_t r = 0; r != storm::rounds(2'000, 100'000); ++r) {
    wait_list l;
    std::array<std::unique_ptr<waiter>, 3> all;
    for (auto& w : all) {
      w = std::make_unique<waiter>();
      REQUIRE(l.push(w->node));
    }
    auto& leaver = all[r % 3];
    parker* const his = &leaver->self;
    std::atomic<int> woken{0}, his_wakes{0};
    bool left = false;
    storm::stampede(2, [&](unsigned who) {
      if (who == 0) {
        left = l.remove(leaver->node);
        leaver->node.who = nullptr;  // his stack is gone
        leaver->node.next = leaver->node.prev = nullptr;
      } else {
        l.close([&](parker& p) { ++(&p == his ? his_wakes : woken); }, [](wait_node&) { std::abort(); });
      }
    });
    REQUIRE(woken == 2);
    REQUIRE(his_wakes == (left ? 0 : 1));
  }
}

TEST_CASE("stampede: many threads wait for one thing; each sees what was written before it happened") {
  for (std::uint64_t r = 0; r != storm::rounds(300, 20'000); ++r) {
    wait_list l;
    int news = 0;
    std::atomic<int> saw{0};
    storm::stampede(6, [&](unsigned who) {
      if (who == 0) {
        news = 42;
        l.close([](parker& p) { kick(p); }, [](wait_node&) {});
        return;
      }
      parker& me = this_parker();
      wait_node n;
      n.who = &me;
      if (l.push(n)) {
        for (;;) {
          me.clear_kick();
          if (l.closed()) break;
          park(me);
        }
        (void)l.remove(n);
      }
      saw += news == 42 ? 1 : 0;
    });
    REQUIRE(saw == 5);
  }
}

TEST_CASE("storm: permits handed over to waiters that may give up: none is lost, none is doubled") {
  auto const seed = storm::seed();
  auto const n = storm::rounds(50'000, 5'000'000);
  struct patient : wait_node {
    std::uint64_t permit = 0;
  };
  wait_list l;
  std::atomic<std::uint64_t> given{0}, sum_given{0}, got{0}, sum_got{0}, gave_up{0};
  std::atomic<unsigned> waiting{3};
  storm::stampede(5, [&](unsigned who) {
    storm::dice roll(seed + who);
    if (who < 3) {
      parker& me = this_parker();
      for (std::uint64_t i = 0; i != n / 3; ++i) {
        patient p;
        p.who = &me;
        p.when = me.open();
        if (!l.push(p)) std::abort();
        bool ended = false;
        for (auto tries = roll.below(50);; --tries) {
          me.clear_kick();
          if (me.published()) break;
          if (tries == 0) {
            ended = me.close();
            if (ended) break;
            while (!me.published()) {  // a claimer was faster
              me.clear_kick();
              park(me);
            }
            break;
          }
        }
        if (ended) {
          (void)l.remove(p);
          ++gave_up;
        } else {
          me.finish();
          ++got;
          sum_got += p.permit;
        }
      }
      --waiting;
    } else {
      while (waiting != 0) {
        wait_node* const n_ = l.claim_oldest();
        if (n_ == nullptr) continue;
        auto const permit = roll.below(1'000'000);
        static_cast<patient*>(n_)->permit = permit;
        sum_given += permit;
        ++given;
        publish(*n_->who);
      }
    }
  });
  CHECK(got + gave_up == n / 3 * 3);
  CHECK(given == got);
  CHECK(sum_given == sum_got);
  CHECK(l.claim_oldest() == nullptr);
}
