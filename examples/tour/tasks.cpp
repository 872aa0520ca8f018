// Tasks: a call runs here and now, spawn runs it beside you; get() awaits its value or its error.
// asyncio: create_task, TaskGroup.create_task.
#include <weft/runtime.hpp>
#include <weft/task.hpp>

#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

int main() {
  weft::run([] {
    auto square = weft::spawn([] { return 7 * 7; });  // may begin on another core before spawn returns
    std::cout << "its value: " << square.get() << '\n';

    auto failing = weft::spawn([]() -> int { throw std::runtime_error("no such file"); });
    try {
      failing.get();
    } catch (std::runtime_error const& error) {
      std::cout << "its error: " << error.what() << '\n';
    }

    auto named = weft::spawn({.name = "reader"}, [] { return weft::this_task::name() + " says hello"; });
    std::cout << named.get() << '\n';
    bool const finished = named.state() == weft::task_state::finished;
    std::cout << named.name() << (finished ? " has finished" : " goes on") << '\n';

    // Handles are shared: a copy for everybody who wants the result.
    auto doubled = weft::spawn([square] { return 2 * square.get(); });
    auto tripled = weft::spawn([square] { return 3 * square.get(); });
    std::cout << "two awaiters: " << doubled.get() << ", " << tripled.get() << '\n';

    // What spawn runs owns what it uses. A forked child ends before this scope does, so it may refer to it.
    std::vector<std::string> const lines{"to be", "or not", "to be"};
    auto letters = weft::fork([&] {
      std::size_t sum = 0;
      for (auto const& line : lines) sum += line.size();
      return sum;
    });
    std::cout << "letters: " << letters.get() << '\n';
  });
}
