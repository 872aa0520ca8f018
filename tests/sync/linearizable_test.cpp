// queue, channel and select are linearizable: small random histories of real threads, each searched for an order that
// explains it. Everyday: about a second. WEFT_LONG=1: a hundred times as many.
#include <weft/channel.hpp>
#include <weft/queue.hpp>
#include <weft/select.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "tests/support/linearizable.hpp"
#include "tests/support/storm.hpp"

using namespace std::chrono_literals;
using weft::select;

namespace {

enum class what { put, get };

// Which objects it may touch (bits), which it did (-1: none), and the value that it put or got.
struct op {
  what kind;
  unsigned among = 1;
  int chosen = -1;
  int value = 0;
  linearizable::interval when{};
};

struct bounded {
  std::deque<int> items;
  std::size_t capacity = 0;
  friend bool operator<(bounded const& a, bounded const& b) { return a.items < b.items; }
  [[nodiscard]] bool can(what k) const { return k == what::put ? items.size() < capacity : !items.empty(); }
};
using model = std::array<bounded, 2>;

// Nothing chosen: then nothing could be done with any of them, at that moment.
bool step(model& m, op const& o) {
  if (o.chosen < 0) {
    for (unsigned i = 0; i != m.size(); ++i) {
      if ((o.among >> i & 1) != 0 && m[i].can(o.kind)) return false;
    }
    return true;
  }
  bounded& b = m[static_cast<std::size_t>(o.chosen)];
  if (!b.can(o.kind)) return false;
  if (o.kind == what::put) {
    b.items.push_back(o.value);
    return true;
  }
  if (b.items.front() != o.value) return false;
  b.items.pop_front();
  return true;
}

model empty(std::size_t first, std::size_t second = 0) { return {bounded{{}, first}, bounded{{}, second}}; }

std::vector<op> in_turn(std::vector<op> all) {
  std::uint64_t t = 0;
  for (op& o : all) o.when = {t, t + 1}, t += 2;
  return all;
}

constexpr unsigned threads = 3;
constexpr int each = 4;

int value_of(unsigned thread, int i) { return static_cast<int>(thread) * 100 + i + 1; }

}  // namespace

TEST_CASE("the checker accepts what is in order, and what overlaps; it refuses what no order explains") {
  using linearizable::check;
  CHECK(check(empty(1), in_turn({{what::put, 1, 0, 5}, {what::put, 1, -1, 6}, {what::get, 1, 0, 5}, {what::get, 1, -1, 0}}), step));
  CHECK_FALSE(check(empty(2), in_turn({{what::put, 1, 0, 5}, {what::put, 1, 0, 6}, {what::get, 1, 0, 6}}), step));
  CHECK_FALSE(check(empty(2), in_turn({{what::put, 1, 0, 5}, {what::put, 1, -1, 6}}), step));
  CHECK_FALSE(check(empty(2), in_turn({{what::put, 1, 0, 5}, {what::get, 1, -1, 0}}), step));
  CHECK_FALSE(check(empty(2), in_turn({{what::put, 1, 0, 5}, {what::get, 1, 0, 5}, {what::get, 1, 0, 5}}), step));
  CHECK_FALSE(check(empty(1, 1), in_turn({{what::put, 3, 1, 5}, {what::get, 3, -1, 0}}), step));
  std::vector<op> overlapping{{what::put, 1, 0, 5, {0, 3}}, {what::put, 1, 0, 6, {1, 4}}, {what::get, 1, 0, 6, {2, 5}}};
  CHECK(check(empty(2), overlapping, step));
  overlapping[1].when = {4, 5};
  CHECK_FALSE(check(empty(2), overlapping, step));
}

TEST_CASE("Q04 queue is linearizable") {
  auto const seed = storm::seed();
  std::unique_ptr<weft::queue<int>> q;
  for (std::size_t const capacity : {1, 2, 50}) {
    CAPTURE(capacity);
    auto const act = [&](unsigned t, std::uint64_t round, std::vector<op>& history) {
      storm::dice roll(seed + round * threads + t);
      for (int i = 0; i != each; ++i) {
        bool const timed = roll.below(2) == 0;
        if (roll.below(2) == 0) {
          history.push_back(linearizable::recorded(op{what::put, 1, -1, value_of(t, i)}, [&](op& o) {
            if (timed ? q->try_put_for(o.value, 0s) : q->try_put(o.value)) o.chosen = 0;
          }));
        } else {
          history.push_back(linearizable::recorded(op{what::get}, [&](op& o) {
            auto const v = timed ? q->try_get_for(0s) : q->try_get();
            if (v) o.chosen = 0, o.value = *v;
          }));
        }
      }
    };
    CHECK(linearizable::count_unexplained<op>(
              threads, storm::rounds(3'000, 300'000), [&] { q = std::make_unique<weft::queue<int>>(capacity); }, act,
              [&](auto const& all) { return linearizable::check(empty(capacity), all, step); }) == 0);
  }
}

TEST_CASE("select over channels with buffers is linearizable: what it does not choose, and that it chooses nothing, too") {
  auto const seed = storm::seed();
  std::array<std::unique_ptr<weft::channel<int>>, 2> c;
  auto const act = [&](unsigned t, std::uint64_t round, std::vector<op>& history) {
    storm::dice roll(seed + round * threads + t);
    for (int i = 0; i != each; ++i) {
      bool const both = roll.below(2) == 0, waits = roll.below(2) == 0;
      auto const one = static_cast<unsigned>(roll.below(2));
      op o{roll.below(2) == 0 ? what::put : what::get, both ? 3u : 1u << one, -1, value_of(t, i)};
      history.push_back(linearizable::recorded(o, [&](op& r) {
        int const v = r.value;
        auto const got = [&](std::optional<int> g) { r.value = g.value(); };
        auto const sent = [] {};
        if (!both && r.kind == what::put) {
          if (waits ? c[one]->try_send_for(v, 0s) : c[one]->try_send(v)) r.chosen = static_cast<int>(one);
        } else if (!both) {
          auto const g = waits ? c[one]->try_receive_for(0s) : c[one]->try_receive();
          if (g) r.chosen = static_cast<int>(one), r.value = *g;
        } else {
          std::size_t k = 2;
          if (r.kind == what::put) {
            k = waits ? select(weft::on_send(*c[0], v, sent), weft::on_send(*c[1], v, sent), weft::after(1us, [] {}))
                      : select(weft::on_send(*c[0], v, sent), weft::on_send(*c[1], v, sent), weft::otherwise([] {}));
          } else {
            k = waits ? select(weft::on_receive(*c[0], got), weft::on_receive(*c[1], got), weft::after(1us, [] {}))
                      : select(weft::on_receive(*c[0], got), weft::on_receive(*c[1], got), weft::otherwise([] {}));
          }
          if (k != 2) r.chosen = static_cast<int>(k);
        }
      }));
    }
  };
  CHECK(linearizable::count_unexplained<op>(
            threads, storm::rounds(5'000, 500'000),
            [&] {
              c[0] = std::make_unique<weft::channel<int>>(1);
              c[1] = std::make_unique<weft::channel<int>>(2);
            },
            act, [&](auto const& all) { return linearizable::check(empty(1, 2), all, step); }) == 0);
}

TEST_CASE("a channel without a buffer: each value is received while it is being sent, once; by select, too") {
  auto const seed = storm::seed();
  std::array<std::unique_ptr<weft::channel<int>>, 2> c;
  auto const act = [&](unsigned t, std::uint64_t round, std::vector<op>& history) {
    storm::dice roll(seed + round * threads + t);
    for (int i = 0; i != each; ++i) {
      history.push_back(linearizable::recorded(op{what::put, 3, -1, 0}, [&](op& r) {
        int const mine = value_of(t, i);
        int got = 0;
        auto const put = [&](int k) { r = {what::put, 3, k, mine, r.when}; };
        auto const take = [&](int k, int v) { r = {what::get, 3, k, v, r.when}; };
        auto const k = static_cast<int>(roll.below(2));
        auto& one = *c[static_cast<std::size_t>(k)];
        switch (roll.below(4)) {
          case 0:
            if (one.try_send_for(mine, 2us)) put(k);
            break;
          case 1:
            if (auto const v = one.try_receive_for(2us)) take(k, *v);
            break;
          default: {  // both directions at once: two of these meet
            auto const which = select(weft::on_send(*c[0], mine, [] {}), weft::on_receive(*c[0], [&](auto v) { got = *v; }),
                                      weft::on_send(*c[1], mine, [] {}), weft::on_receive(*c[1], [&](auto v) { got = *v; }),
                                      weft::after(2us, [] {}));
            if (which == 0 || which == 2) put(static_cast<int>(which) / 2);
            if (which == 1 || which == 3) take(static_cast<int>(which) / 2, got);
          }
        }
      }));
    }
  };
  // One who does nothing may do so at any time: a partner can be called and not have come yet.
  auto const alone = [](model&, op const& o) { return o.chosen < 0; };
  auto const meeting = [](model&, op const& a, op const& b) {
    return a.chosen >= 0 && a.chosen == b.chosen && a.kind == what::put && b.kind == what::get && a.value == b.value;
  };
  std::uint64_t met = 0;
  CHECK(linearizable::count_unexplained<op>(
            threads, storm::rounds(5'000, 500'000),
            [&] {
              for (auto& x : c) x = std::make_unique<weft::channel<int>>();
            },
            act,
            [&](auto const& all) {
              for (auto const& o : all) met += o.chosen >= 0 ? 1 : 0;
              return linearizable::check(empty(0), all, alone, meeting);
            }) == 0);
  CHECK(met > 0);
}
