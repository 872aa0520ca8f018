#pragma once
// Loops over a million elements that cost next to nothing, over a few that cost from nothing to a lot, and a sum.
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "bench/support/harness.hpp"

namespace bench::parallel {

inline constexpr std::size_t cheap_size = 1 << 20;
inline constexpr std::size_t uneven_size = 4096;

inline std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 31;
  return x * 0x9e3779b97f4a7c15ull;
}

// The i-th of uneven_size bodies: most are short, the last eighth does nearly all of the work.
inline std::uint64_t uneven(std::size_t i) {
  std::uint64_t x = i;
  for (std::size_t n = i < uneven_size - uneven_size / 8 ? 10 : i; n != 0; --n) x = mixed(x);
  return x;
}

// each(n, f) calls f(0) to f(n - 1).
template <class Each> void cheap(State& state, Each each) {
  std::vector<std::uint32_t> all(cheap_size);
  std::uint32_t rounds = 0;
  for (auto _ : state) {
    each(cheap_size, [&all](std::size_t i) { all[i] += static_cast<std::uint32_t>(i) | 1; });
    ++rounds;
    if (!verify(state, all[12345] == rounds * 12345u && all.back() == rounds * static_cast<std::uint32_t>(cheap_size - 1))) break;
  }
  per_item(state, cheap_size);
}

template <class Each> void unbalanced(State& state, Each each) {
  std::vector<std::uint64_t> all(uneven_size);
  auto const last = uneven(uneven_size - 1);
  for (auto _ : state) {
    each(uneven_size, [&all](std::size_t i) { all[i] = uneven(i); });
    if (!verify(state, all.back() == last && all[77] == uneven(77))) break;
    all.back() = 0;
  }
  per_item(state, uneven_size);
}

// sum(vector) gives the sum of its elements' mixed().
template <class Sum> void sum(State& state, Sum sum) {
  std::vector<std::uint64_t> all(cheap_size);
  std::iota(all.begin(), all.end(), 1);
  std::uint64_t right = 0;
  for (auto const x : all) right += mixed(x);
  for (auto _ : state) {
    if (!verify(state, sum(all) == right)) break;
  }
  per_item(state, cheap_size);
}

}  // namespace bench::parallel
