#pragma once
// wait, as_completed, race: several futures, of which some are enough. (race is in a file of its own.)
//
// wait and as_completed look on: they throw no errors of the futures, cancel nothing, and a caller who is cancelled in them
// leaves the futures alone. They run no task in place. On plain threads, too.
// Handles of one range: future<T>, task<T> or any_task; lvalues are copied, rvalues moved. The same future twice counts once.
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <weft/deadline.hpp>
#include <weft/detail/several.hpp>
#include <weft/race.hpp>

namespace weft {

enum class return_when {
  first_completed,
  first_exception,  // a failure; cancelled is none. Without one: all_completed
  all_completed,
};

// In the order given.
template <class Fut>
struct wait_result {
  std::vector<Fut> done, pending;
};

namespace detail {

void wait_for_some(std::span<completion>, return_when, std::int64_t until);

// Futures that are given out one by one as they become done.
class completion_steps {
 public:
  // The nodes have their cores, which have to outlive this object.
  completion_steps(std::vector<completion> nodes, std::int64_t until);
  // S  The index of the next one; none: that was all. timeout_error.
  std::optional<std::size_t> next();

 private:
  std::int64_t const until_;
  std::vector<completion> nodes_;
  std::uint32_t given_ = 0;
  completions all_;
};

template <class R>
void require_handles() {
  static_assert(range_of_handles<R>, "weft: a range of futures or tasks is needed; spawn callables first");
}

}  // namespace detail

// S  Until the first, the first failure, or all; or until the deadline, and then it says what is done: no error. Everything
// done when it returns is in `done`. Empty range: std::invalid_argument. The running task among them: deadlock_error.
template <std::ranges::input_range R>
auto wait(R&& range, return_when when = return_when::all_completed, deadline until = never) {
  detail::require_handles<R>();
  if constexpr (detail::lasting<R> && detail::range_of_handles<R>) {
    auto nodes = detail::nodes_for(range);
    detail::wait_for_some(nodes, when, until.ns());
    wait_result<std::ranges::range_value_t<R>> result;
    auto node = nodes.begin();
    for (auto&& h : range) {
      if (node->core != nullptr) {
        auto& place = node->core->done() ? result.done : result.pending;
        place.push_back(detail::element<R>(h));
      }
      ++node;
    }
    return result;
  } else if constexpr (detail::range_of_handles<R>) {
    return wait(detail::collect(std::forward<R>(range)), when, until);
  }
}
template <class Fut>
auto wait(std::initializer_list<Fut> handles, return_when when = return_when::all_completed, deadline until = never) {
  return wait(std::span<Fut const>(handles.begin(), handles.size()), when, until);
}

// What as_completed() gives: an input range of done handles. Move-only; keeps handles of all. A loop left early can be gone
// on with by another loop, which begins at the next one; leaving cancels nothing. One thread at a time.
template <class Fut>
class [[nodiscard]] completion_range {
 public:
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Fut;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    Fut& operator*() const noexcept { return *at_; }
    Fut* operator->() const noexcept { return at_; }
    iterator& operator++() {  // S
      at_ = range_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(iterator const& i, std::default_sentinel_t) noexcept { return i.at_ == nullptr; }

   private:
    friend class completion_range;
    iterator(completion_range* r, Fut* at) noexcept : range_(r), at_(at) {}
    completion_range* range_ = nullptr;
    Fut* at_ = nullptr;
  };

  completion_range(std::vector<Fut> handles, deadline until) : handles_(std::make_unique<std::vector<Fut>>(std::move(handles))) {
    steps_ = std::make_unique<detail::completion_steps>(detail::nodes_for(*handles_), until.ns());
  }

  // S  The next in order of completion, each exactly once; null: that was all. After the deadline, if none is ready:
  // timeout_error.
  [[nodiscard]] Fut* next() {
    auto const i = steps_->next();
    return i ? &(*handles_)[*i] : nullptr;
  }
  [[nodiscard]] iterator begin() { return iterator(this, next()); }  // S
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  std::unique_ptr<std::vector<Fut>> handles_;
  std::unique_ptr<detail::completion_steps> steps_;
};

// for (auto& f : as_completed(futures)) ...  S per step: the futures in order of completion (those done already: in the order
// given). The deadline is for the whole; the rest runs on. Empty range: nothing. The running task among them: deadlock_error.
template <std::ranges::input_range R>
auto as_completed(R&& range, deadline until = never) {
  detail::require_handles<R>();
  if constexpr (detail::range_of_handles<R>) {
    return completion_range<std::ranges::range_value_t<R>>(detail::collect(std::forward<R>(range)), until);
  }
}

}  // namespace weft
