#pragma once
// 4 Mi 32-bit numbers, sorted by halves until they are 4096, which std::sort sorts. Merging is recursive too: done by one thread,
// the last merge alone would take a twentieth of the work and let all others wait.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "bench/support/harness.hpp"
#include "bench/support/per_run.hpp"

namespace bench::mergesort {

inline constexpr std::size_t size = 1 << 22;
inline constexpr std::ptrdiff_t leaf = 4096;

using number = std::uint32_t;

// Merges two sorted ranges into what begins at out. both(f, g) calls both, at the same time or not.
template <class Both> void merge(number* first, number* last, number* other, number* other_last, number* out, Both both) {
  if ((last - first) + (other_last - other) <= leaf) {
    std::merge(first, last, other, other_last, out);
    return;
  }
  if (last - first < other_last - other) return merge(other, other_last, first, last, out, both);
  auto* const middle = first + (last - first) / 2;
  auto* const there = std::lower_bound(other, other_last, *middle);
  auto* const out_middle = out + (middle - first) + (there - other);
  both([=] { merge(first, middle, other, there, out, both); },
       [=] { merge(middle, last, there, other_last, out_middle, both); });
}

// Sorts [first, last); the result is there, or with into_spare in the equally long space at spare.
template <class Both> void sort(number* first, number* last, number* spare, bool into_spare, Both both) {
  auto const count = last - first;
  if (count <= leaf) {
    std::sort(first, last);
    if (into_spare) std::copy(first, last, spare);
    return;
  }
  auto* const middle = first + count / 2;
  auto* const spare_middle = spare + count / 2;
  both([=] { sort(first, middle, spare, !into_spare, both); },
       [=] { sort(middle, last, spare_middle, !into_spare, both); });
  if (into_spare) {
    merge(first, middle, middle, last, spare, both);
  } else {
    merge(spare, spare_middle, spare_middle, spare + count, first, both);
  }
}

// sorted(numbers, spare) sorts the first; both are of the same length. Neither filling nor checking is in the figure.
template <class Sorted> void measure_sort(State& state, Sorted sorted) {
  std::vector<number> numbers(size), spare(size);
  number next = 1;
  for (auto _ : state) {
    state.PauseTiming();
    for (auto& x : numbers) x = next = next * 1664525 + 1013904223;
    auto const sum = std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
    state.ResumeTiming();
    sorted(numbers, spare);
    state.PauseTiming();
    bool const right = std::ranges::is_sorted(numbers) &&
                       std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0}) == sum;
    if (!verify(state, right)) break;
    state.ResumeTiming();
  }
  per_item(state, size);
  per_run(state);
}

template <class Both> void measure(State& state, Both both) {
  measure_sort(state, [both](auto& numbers, auto& spare) {
    sort(numbers.data(), numbers.data() + numbers.size(), spare.data(), false, both);
  });
}

}  // namespace bench::mergesort
