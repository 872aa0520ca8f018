// Time-outs: a deadline for a block of code or for one future; they nest, and can be moved.
// asyncio: timeout, wait_for.
#include <weft/future.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>
#include <weft/timeout.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

int main() {
  weft::run([] {
    std::cout << "in time: " << weft::with_timeout(1h, [] { return 42; }) << '\n';

    try {
      weft::with_timeout(10ms, [] { weft::this_task::sleep_for(1h); });
    } catch (weft::timeout_error const&) {
      std::cout << "a block is too late\n";
    }

    // As wait_for: what is late is cancelled, and has ended when the error is thrown.
    auto slow = weft::spawn([] { weft::this_task::sleep_for(1h); });
    try {
      weft::with_timeout(10ms, slow);
    } catch (weft::timeout_error const&) {
      std::cout << "a task is too late, and cancelled: " << std::boolalpha << slow.cancelled() << '\n';
    }

    // The outer deadline comes first. Inside it looks like any cancellation.
    try {
      weft::with_timeout(10ms, [] {
        try {
          weft::with_timeout(1h, [] { weft::this_task::sleep_for(2h); });
        } catch (weft::timeout_error const&) {
          std::cout << "not this one\n";
        }
      });
    } catch (weft::timeout_error const&) {
      std::cout << "the outer one is too late\n";
    }

    // A deadline can be moved while the body runs: as long as there is news, go on.
    weft::with_timeout(1h, [](weft::timeout& limit) {
      limit.reschedule(2h);
      std::cout << "more than an hour is left: " << (*limit.when() - weft::clock::now() > 1h) << '\n';
      limit.reschedule(weft::never);
      std::cout << "no deadline any more: " << !limit.when().has_value() << '\n';
    });
  });
}
