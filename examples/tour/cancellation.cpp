// Cancellation: a request, thrown once where the task waits; its clean-up may wait itself.
// asyncio: Task.cancel, CancelledError.
#include <weft/cancel.hpp>
#include <weft/future.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

using namespace std::chrono_literals;

int main() {
  weft::run([] {
    // The handler suspends (it tells a server good-bye, say), and nothing interrupts it but another cancel().
    weft::promise<> working, may_end;
    auto const is_working = working.get_future();
    auto worker = weft::spawn([working = std::move(working), good_bye = may_end.get_future()]() mutable {
      try {
        working.set_value();
        weft::this_task::sleep_for(1h);
      } catch (weft::cancelled const& why) {
        std::cout << "cleaning up: " << why.message() << '\n';
        good_bye.get();
        std::cout << "cleaned up\n";
        throw;
      }
    });
    is_working.get();
    worker.cancel("enough");
    may_end.set_value();
    try {
      worker.get();
    } catch (weft::task_cancelled_error const& error) {  // who awaits it sees an ordinary error
      std::cout << "it was cancelled: " << error.what() << '\n';
    }

    // A request may be refused: a value is a value.
    weft::promise<> begun;
    auto const has_begun = begun.get_future();
    auto stubborn = weft::spawn([begun = std::move(begun)]() mutable {
      try {
        begun.set_value();
        weft::this_task::sleep_for(1h);
      } catch (weft::cancelled const&) {
      }
      return std::string("I finish all the same");
    });
    has_begun.get();
    stubborn.cancel();
    std::cout << stubborn.get() << '\n';

    // get() hands the request on: cancelling the outer task cancels what it awaits.
    weft::promise<> waiting;
    auto const is_waiting = waiting.get_future();
    auto outer = weft::spawn([waiting = std::move(waiting)]() mutable {
      auto inner = weft::spawn([waiting = std::move(waiting)]() mutable {
        waiting.set_value();
        weft::this_task::sleep_for(1h);
      });
      try {
        inner.get();
      } catch (weft::cancelled const&) {
        std::cout << "inner ended first: " << std::boolalpha << inner.cancelled() << '\n';
        throw;
      }
    });
    is_waiting.get();
    outer.cancel();
    outer.wait();
    std::cout << "outer is cancelled: " << outer.cancelled() << '\n';
  });
}
