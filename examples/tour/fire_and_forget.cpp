// Fire and forget: say so with detach(); the runtime keeps the task, and reports an error nobody looks at.
// asyncio: the set of background tasks of create_task's documentation.
#include <weft/future.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <utility>

using namespace std::chrono_literals;

int main() {
  weft::promise<> reported;

  weft::runtime_options options;
  options.on_unhandled = [&reported](weft::unhandled_error const& e) {  // the default: a line on stderr
    try {
      std::rethrow_exception(e.error);
    } catch (std::exception const& error) {
      std::cout << "on_unhandled: " << e.task_name << ": " << error.what() << '\n';
    }
    reported.set_value();
  };

  weft::run(options, [&reported] {
    // No set of references is needed to keep it alive. What it uses it owns, a copy or a shared handle.
    weft::promise<> logged;
    auto const is_logged = logged.get_future();
    weft::spawn([logged = std::move(logged)]() mutable {
      std::cout << "written to the log\n";
      logged.set_value();
    }).detach();
    is_logged.get();

    weft::spawn({.name = "mailer"}, [] { throw std::runtime_error("no route to host"); }).detach();
    reported.get_future().get();

    // What still runs when main ends is cancelled, and waited for with all its clean-up.
    weft::promise<> running;
    auto const is_running = running.get_future();
    weft::spawn([running = std::move(running)]() mutable {
      try {
        running.set_value();
        weft::this_task::sleep_for(1h);
      } catch (weft::cancelled const&) {
        std::cout << "main has ended, so I do\n";
        throw;
      }
    }).detach();
    is_running.get();
    std::cout << "main ends\n";
  });
  std::cout << "nothing is left behind\n";
}
