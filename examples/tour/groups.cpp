// Groups: no child outlives its group; the first failure cancels the others; all errors come together.
// asyncio: TaskGroup, ExceptionGroup and except*.
#include <weft/exception_group.hpp>
#include <weft/future.hpp>
#include <weft/runtime.hpp>
#include <weft/task_group.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>

using namespace std::chrono_literals;

int main() {
  weft::run([] {
    // Children may refer to what was declared before the group.
    int left = 0, right = 0;
    weft::with_group([&](weft::task_group& group) {
      group.spawn([&] { left = 20; });
      group.spawn([&] { right = 22; });
    });
    std::cout << "both have ended: " << left + right << '\n';

    weft::promise<> ready;
    auto const is_ready = ready.get_future();
    try {
      weft::with_group([&](weft::task_group& group) {
        group.spawn({.name = "patient"}, [&] {
          ready.set_value();
          try {
            weft::this_task::sleep_for(1h);
          } catch (weft::cancelled const&) {
            std::cout << "the other one failed, so I am cancelled\n";
            throw std::out_of_range("and my clean-up failed");
          }
        });
        group.spawn({.name = "hasty"}, [&] {
          is_ready.get();
          throw std::invalid_argument("bad input");
        });
      });
    } catch (weft::exception_group const& errors) {
      for (auto const& failure : errors.failures()) std::cout << "failed: " << failure.task_name << '\n';
      // except*: each error goes to the first handler that takes its type; a rest would be thrown on.
      errors.handle([](std::invalid_argument const& e) { std::cout << "bad argument: " << e.what() << '\n'; },
                    [](std::logic_error const& e) { std::cout << "logic error: " << e.what() << '\n'; });
    }

    // Enough: cancel() ends children and body, and is no error.
    weft::with_group([](weft::task_group& group) {
      group.spawn([] { weft::this_task::sleep_for(1h); });
      group.spawn([&group] { group.cancel(); });
      weft::this_task::sleep_for(1h);
    });
    std::cout << "left early, without an error\n";
  });
}
