#pragma once
// pieces: how a loop is shared out, by lazy binary splitting. A member does its range piece by piece from the front; before
// a piece it looks whether its deque is empty, which says that somebody has taken what was there, or nothing ever was.
// Only then it forks the second half of what is left. So a loop of n that nobody joins in is cut log2(n) times, one that all
// join in about as often as they take something, and the cost of an element is that of the loop that does it.
//
// Rejected: cutting into so many pieces per worker beforehand (too many when alone, too few when the bodies differ).
#include <algorithm>
#include <cstddef>
#include <optional>

#include <weft/detail/team.hpp>

namespace weft::detail {

// What is done with a range: `do_some(i, end)` does those elements in order; `another()` is the same with nothing done yet,
// const and at any time; `add(other)` takes in what has been done right behind. All may throw.
template <class Work>
void do_pieces(member&, Work&, std::size_t i, std::size_t end, pace) noexcept;

template <class Work>
class range_part final : public portion {
 public:
  range_part(member& m, Work const& like, std::size_t i, std::size_t end, pace p) noexcept
      : portion(m.its_team(), &take_it), like_(like), i_(i), end_(end), pace_(p) {}
  std::optional<Work> done;

 private:
  static void take_it(portion& p, member& taker) noexcept {
    auto& self = static_cast<range_part&>(p);
    taker.call([&] { self.done.emplace(self.like_.another()); });
    if (self.done) do_pieces(taker, *self.done, self.i_, self.end_, self.pace_);
  }

  Work const& like_;
  std::size_t const i_, end_;
  pace const pace_;
};

template <class Work>
void do_pieces(member& m, Work& work, std::size_t i, std::size_t end, pace p) noexcept {  // NOLINT(misc-no-recursion)
  while (i != end) {
    auto const step = m.next(p);
    if (step == member::step::stop) return;
    if (step == member::step::split && end - i > p.size()) {
      auto const middle = end - (end - i) / 2;
      range_part<Work> rest(m, work, middle, end, p);
      bool const forked = m.fork(rest);
      do_pieces(m, work, i, middle, p);
      if (forked && !m.join(rest)) {
        if (rest.done) m.call([&] { work.add(std::move(*rest.done)); });
        return;
      }
      i = middle;
    } else {
      auto const upto = i + std::min(p.size(), end - i);
      m.call([&] { work.do_some(i, upto); });
      i = upto;
    }
  }
}

}  // namespace weft::detail
