#pragma once
// Is there an order of some operations that explains what they returned, each at one moment between its call and its return?
// Exhaustive (Wing and Gong), so for a dozen operations: states seen before are not searched again.
#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace linearizable {

// When an operation was called and when it returned, on one clock of all threads.
struct interval {
  std::uint64_t called = 0, returned = 0;
};

inline std::atomic<std::uint64_t> now{0};

template <class Op, class F>
Op recorded(Op op, F&& f) {
  op.when.called = now.fetch_add(1);
  f(op);
  op.when.returned = now.fetch_add(1);
  return op;
}

// Op has `interval when`. step(model, op): true if it may have returned what it did in this state, which it changes; together
// (model, a, b): the same for two that happen at one moment. Model: copied and compared by <.
template <class Model, class Op, class Step, class Together>
class search {
 public:
  search(std::span<Op const> all, Step step, Together together) : all_(all), step_(step), together_(together) {}

  bool explains(Model const& m, std::uint32_t done = 0) {
    if (done == (std::uint32_t{1} << all_.size()) - 1) return true;
    if (!seen_.insert({done, m}).second) return false;
    for (std::size_t i = 0; i != all_.size(); ++i) {
      if (!may_be_next(i, done)) continue;
      if (Model next = m; step_(next, all_[i]) && explains(next, done | bit(i))) return true;
      for (std::size_t k = 0; k != all_.size(); ++k) {
        if (k == i || !may_be_next(k, done)) continue;
        if (Model next = m; together_(next, all_[i], all_[k]) && explains(next, done | bit(i) | bit(k))) return true;
      }
    }
    return false;
  }

 private:
  static std::uint32_t bit(std::size_t i) { return std::uint32_t{1} << i; }
  // None of the others had returned when it was called.
  bool may_be_next(std::size_t i, std::uint32_t done) const {
    if ((done & bit(i)) != 0) return false;
    for (std::size_t k = 0; k != all_.size(); ++k) {
      if ((done & bit(k)) == 0 && all_[k].when.returned < all_[i].when.called) return false;
    }
    return true;
  }

  std::span<Op const> all_;
  Step step_;
  Together together_;
  std::set<std::pair<std::uint32_t, Model>> seen_;
};

template <class Model, class Op, class Step, class Together>
bool check(Model const& start, std::vector<Op> const& history, Step step, Together together) {
  return search<Model, Op, Step, Together>(history, step, together).explains(start);
}
template <class Model, class Op, class Step>
bool check(Model const& start, std::vector<Op> const& history, Step step) {
  return check(start, history, step, [](Model&, Op const&, Op const&) { return false; });
}

// `rounds` times: before(), then act(thread, round, history of this thread) in each of so many threads at once, then
// after(all histories). Counts the rounds for which after() says no.
template <class Op, class Before, class Act, class After>
std::uint64_t count_unexplained(unsigned threads, std::uint64_t rounds, Before before, Act act, After after) {
  std::vector<std::vector<Op>> mine(threads);
  std::uint64_t bad = 0;
  before();
  auto const between = [&]() noexcept {
    std::vector<Op> all;
    for (auto& h : mine) {
      all.insert(all.end(), h.begin(), h.end());
      h.clear();
    }
    if (!after(all)) ++bad;
    before();
  };
  std::barrier<decltype(between)> meet(static_cast<std::ptrdiff_t>(threads), between);
  std::vector<std::thread> running;
  for (unsigned t = 0; t != threads; ++t) {
    running.emplace_back([&, t] {
      for (std::uint64_t r = 0; r != rounds; ++r) {
        act(t, r, mine[t]);
        meet.arrive_and_wait();
      }
    });
  }
  for (auto& t : running) t.join();
  return bad;
}

}  // namespace linearizable
