// oneTBB's algorithms in a weft program, and weft's futures in oneTBB's tasks. Needs the component weft::tbb.
#include <weft/runtime.hpp>
#include <weft/task.hpp>
#include <weft/tbb.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <vector>

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_sort.h>

using namespace std::chrono_literals;

int main() {
  weft::run({.workers = 1}, [] {
    // On oneTBB's own threads; the task waits without a worker, so others run meanwhile.
    std::vector<int> numbers;
    for (int i = 0; i != 100'000; ++i) numbers.push_back(i * 7919 % 100'003);
    auto sorted = weft::run_in_arena([&] { tbb::parallel_sort(numbers.begin(), numbers.end()); });
    auto meanwhile = weft::spawn([] { std::cout << "the worker is free\n"; });
    meanwhile.get();
    sorted.get();
    std::cout << "smallest " << numbers.front() << '\n';

    // Inside of oneTBB's tasks: wait_in_arena() gives the thread to others until the future is done.
    auto& rt = *weft::runtime::current();
    std::atomic<int> sum{0};
    weft::run_in_arena([&] {
      tbb::parallel_for(0, 100, [&](int i) {
        auto fetched = rt.spawn([i] {
          weft::this_task::sleep_for(1ms);  // say, from a server
          return i;
        });
        weft::wait_in_arena(fetched);
        sum += fetched.get();
      });
    }).get();
    std::cout << "sum " << sum << '\n';
  });
}
