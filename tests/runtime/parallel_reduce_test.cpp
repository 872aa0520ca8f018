// parallel_reduce: any associative join, in order.
#include <atomic>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/shapes.hpp"

TEST_CASE("parallel_reduce sums integers and elements, whatever the size and the grain") {
  shapes::everywhere([] {
    for (long const n : {0, 1, 2, 3, 100, 20'000}) {
      for (std::ptrdiff_t const grain : {0, 1, 7, 1 << 20}) {
        CHECK(weft::parallel_reduce(0L, n, 0L, [](long i) { return i; }, std::plus<>(), grain) == n * (n - 1) / 2);
      }
    }
    std::vector<int> v(1000);
    std::iota(v.begin(), v.end(), 1);
    CHECK(weft::parallel_reduce(v.begin(), v.end(), 0LL, [](int x) { return x; }, std::plus<>()) == 500'500);
    CHECK(weft::parallel_reduce(v.begin(), v.end(), 0, std::identity(), [](int a, int b) { return std::max(a, b); }) == 1000);
    CHECK(weft::parallel_reduce(5, 5, 42, [](int i) { return i; }, std::plus<>()) == 42);
    CHECK(weft::parallel_reduce(0, std::size_t{10}, std::size_t{0}, [](std::size_t i) { return i; }, std::plus<>()) == 45);
  });
}

TEST_CASE("parallel_reduce keeps the order: join has to be associative, not commutative") {
  shapes::everywhere([] {
    std::string expected;
    for (int i = 0; i != 300; ++i) expected += std::to_string(i) + ' ';
    for (std::ptrdiff_t const grain : {0, 1, 10}) {
      auto const text = weft::parallel_reduce(
          0, 300, std::string(),
          [](int i) {
            if (i % 16 == 0) weft::this_task::yield();  // so that other parts come first
            return std::to_string(i) + ' ';
          },
          [](std::string a, std::string const& b) { return std::move(a += b); }, grain);
      CHECK(text == expected);
    }
  });
}

TEST_CASE("parallel_reduce: errors of map, of join, of copying the identity") {
  struct fragile {
    int value = 0;
    std::atomic<int>* left = nullptr;  // copies until one fails
    fragile(int v, std::atomic<int>* l) : value(v), left(l) {}
    fragile(fragile const& o) : value(o.value), left(o.left) {
      if (left != nullptr && left->fetch_sub(1) <= 0) throw std::runtime_error("copy");
    }
    fragile(fragile&&) noexcept = default;
    fragile& operator=(fragile const&) = default;
    fragile& operator=(fragile&&) noexcept = default;
  };
  shapes::everywhere([] {
    auto const map_fails = [] {
      (void)weft::parallel_reduce(0, 500, 0, [](int i) { return i == 77 ? throw std::runtime_error("map") : i; }, std::plus<>(), 1);
    };
    CHECK(shapes::message_of<std::runtime_error>(map_fails) == "map");
    auto const join_fails = [] {
      (void)weft::parallel_reduce(0, 500, 0, [](int i) { return i; },
                                  [](int a, int b) { return b == 77 ? throw std::runtime_error("join") : a + b; }, 1);
    };
    CHECK(shapes::message_of<std::runtime_error>(join_fails) == "join");
    std::atomic<int> left{0};
    auto const copy_fails = [&] {
      (void)weft::parallel_reduce(0, 10, fragile(0, &left), [](int i) { return fragile(i, nullptr); },
                                  [](fragile a, fragile const& b) { return a.value += b.value, a; });
    };
    CHECK(shapes::message_of<std::runtime_error>(copy_fails) == "copy");
  });
}

TEST_CASE("parallel_reduce: values that own things are neither lost nor leaked") {
  shapes::everywhere([] {
    auto const token = std::make_shared<int>(0);
    auto const n = weft::parallel_reduce(
        0, 200, std::vector<std::shared_ptr<int>>(), [&](int) { return std::vector{token}; },
        [](auto a, auto b) {
          a.insert(a.end(), b.begin(), b.end());
          return a;
        },
        1).size();
    CHECK(n == 200);
    CHECK(token.use_count() == 1);
  });
}

TEST_CASE("parallel_reduce nests") {
  shapes::everywhere([] {
    auto const sum = weft::parallel_reduce(
        0, 20, 0, [](int i) { return weft::parallel_reduce(0, 20, 0, [i](int k) { return i * k; }, std::plus<>(), 1); }, std::plus<>());
    CHECK(sum == 190 * 190);
  });
}
