#pragma once
// C = A B of 1024 x 1024 floats, by quarters until they are 64 x 64: no cache's size occurs in it, every cache gains.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "bench/support/harness.hpp"
#include "bench/support/per_run.hpp"

namespace bench::matmul {

inline constexpr std::size_t size = 1024;
inline constexpr std::size_t leaf = 64;
inline constexpr std::size_t stride = size + 16;  // rows 4096 bytes apart would meet in the same few sets of the cache

using matrix = std::vector<float>;

// c += a b for one leaf.
inline void multiply_leaf(float* __restrict c, float const* __restrict a, float const* __restrict b) {
  for (std::size_t i = 0; i != leaf; ++i) {
    for (std::size_t k = 0; k != leaf; ++k) {
      float const factor = a[i * stride + k];
      for (std::size_t j = 0; j != leaf; ++j) c[i * stride + j] += factor * b[k * stride + j];
    }
  }
}

// c += a b for n rows and columns. together(f, g, h, i) calls all four, at the same time or not: each writes a quarter of c,
// which gets two products, one after the other.
template <class Together> void multiply(float* c, float const* a, float const* b, std::size_t n, Together together) {
  if (n == leaf) return multiply_leaf(c, a, b);
  std::size_t const half = n / 2;
  auto const at = [half](auto* m, std::size_t row, std::size_t column) { return m + half * (row * stride + column); };
  for (std::size_t k = 0; k != 2; ++k) {
    auto const quarter = [&, k](std::size_t row, std::size_t column) {
      return [=] { multiply(at(c, row, column), at(a, row, k), at(b, k, column), half, together); };
    };
    together(quarter(0, 0), quarter(0, 1), quarter(1, 0), quarter(1, 1));
  }
}

// Small integers, for which floats are exact in whatever order they are added.
inline matrix filled(std::uint32_t seed) {
  matrix m(size * stride);
  for (auto& x : m) {
    seed = seed * 1664525 + 1013904223;
    x = static_cast<float>(seed >> 29) - 3;
  }
  return m;
}

inline std::vector<double> times(matrix const& m, std::vector<double> const& x) {
  std::vector<double> result(size);
  for (std::size_t i = 0; i != size; ++i) {
    for (std::size_t j = 0; j != size; ++j) result[i] += m[i * stride + j] * x[j];
  }
  return result;
}

// Freivalds' check: C x must be A (B x). It costs a thousandth of the product.
template <class Together> void measure(State& state, Together together) {
  matrix const a = filled(1), b = filled(2);
  matrix c(size * stride);
  std::vector<double> x(size);
  for (std::size_t i = 0; i != size; ++i) x[i] = static_cast<double>(i * i % 7) - 2;
  auto const right = times(a, times(b, x));
  for (auto _ : state) {
    std::fill(c.begin(), c.end(), 0.0f);
    multiply(c.data(), a.data(), b.data(), size, together);
    if (!verify(state, times(c, x) == right)) break;
  }
  per_run(state);
}

}  // namespace bench::matmul
