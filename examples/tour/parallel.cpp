// What has to be computed, on all cores: loops, reductions, a few things at once.
// asyncio: none; multiprocessing.Pool.map comes closest.
#include <weft/parallel.hpp>
#include <weft/runtime.hpp>
#include <weft/timeout.hpp>

#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

int main() {
  weft::run([] {
    // The caller does the work; workers without work take a part of what it has not come to.
    std::vector<double> roots(100'000);
    weft::parallel_for(std::size_t{0}, roots.size(), [&](std::size_t i) { roots[i] = std::sqrt(double(i)); });
    std::cout << "sqrt(2500) = " << roots[2500] << '\n';

    // Iterators, too. The parts are joined in order, so join need not be commutative.
    std::vector<std::string> const words{"a ", "loop ", "cut ", "in ", "parts"};
    std::cout << weft::parallel_reduce(words.begin(), words.end(), std::string(), std::identity(), std::plus<>()) << '\n';

    int evens = 0, odds = 0;
    weft::parallel_invoke(
        [&] { for (int i = 0; i < 1000; i += 2) evens += i; },
        [&] { for (int i = 1; i < 1000; i += 2) odds += i; });
    std::cout << "evens " << evens << ", odds " << odds << '\n';

    // An error ends the loop: nothing new begins, what runs ends, the first error comes out.
    try {
      weft::parallel_for(0, 1000, [](int i) {
        if (i == 500) throw std::runtime_error("500 is no good");
      });
    } catch (std::runtime_error const& e) {
      std::cout << "error: " << e.what() << '\n';
    }

    // And so does a time-out, between two bodies.
    try {
      weft::with_timeout(std::chrono::milliseconds(5), [] { weft::parallel_for(0L, 1L << 60, [](long) {}); });
    } catch (weft::timeout_error const&) {
      std::cout << "2^60 is too many\n";
    }
  });
}
