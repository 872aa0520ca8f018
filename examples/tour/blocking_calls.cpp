// Blocking calls: what would hold up a worker runs on threads of its own, while the task waits.
// asyncio: to_thread, loop.run_in_executor.
#include <weft/blocking.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>

#include <unistd.h>

#include <iostream>
#include <stdexcept>
#include <string>

int main() {
  weft::runtime_options options;
  options.workers = 1;  // one thread for all tasks: a blocking call on it would stop everything

  weft::run(options, [] {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");

    auto reader = weft::run_blocking([from = ends[0]] {  // an OS thread sits in read() until something comes
      char text[64];
      auto const length = read(from, text, sizeof text);
      return std::string(text, length > 0 ? static_cast<std::size_t>(length) : 0);
    });
    auto writer = weft::spawn([to = ends[1]] {
      std::cout << "meanwhile other tasks run\n";
      return write(to, "hello", 5) == 5;
    });
    bool const written = writer.get();
    std::cout << "written: " << std::boolalpha << written << '\n';
    std::cout << "read: " << reader.get() << '\n';
    close(ends[0]);
    close(ends[1]);

    // Errors come out of get(), as of any task.
    auto failing = weft::run_blocking([]() -> int { throw std::runtime_error("disk full"); });
    try {
      failing.get();
    } catch (std::runtime_error const& error) {
      std::cout << "error: " << error.what() << '\n';
    }

    // A library that stands only so many threads gets a pool of its own.
    weft::blocking_pool database(2);
    auto rows = database.submit([] { return 17; });
    std::cout << "rows: " << rows.get() << '\n';
  });
}
