// Futures: a promise is filled in by whoever has the result; any number of tasks await it.
// asyncio: loop.create_future, Future.set_result.
#include <weft/future.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

int main() {
  weft::run([] {
    weft::promise<std::string> answer;
    auto const future = answer.get_future();
    std::cout << "done: " << std::boolalpha << future.done() << '\n';

    auto first = weft::spawn([future] { return "first got " + future.get(); });
    auto second = weft::spawn([future] { return "second got " + future.get(); });

    // To look without waiting, and to wait for a while without cancelling anything:
    try {
      (void)future.result();
    } catch (weft::invalid_state_error const&) {
      std::cout << "result() of a pending one is an error\n";
    }
    std::cout << "after 1 ms: " << (future.wait_for(1ms) ? "done" : "pending") << '\n';

    answer.set_value("42");
    std::cout << first.get() << '\n' << second.get() << '\n';

    std::cout << "a second value is refused: " << !answer.try_set_value("43") << '\n';
    std::cout << "and still: " << future.result() << '\n';

    // Nobody waits for ever for a promise that was forgotten.
    auto const forgotten = weft::promise<int>().get_future();
    try {
      forgotten.get();
    } catch (weft::broken_promise_error const&) {
      std::cout << "the promise is gone: an error\n";
    }
  });
}
