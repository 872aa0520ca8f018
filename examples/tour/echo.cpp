// A server and its clients over TCP, in plain blocking style: a task for each connection, deadlines on the streams.
#include <weft/io.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>
#include <weft/task_group.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

// Sends back each line until the client has no more to say.
void serve(weft::tcp_stream client) {
  client.set_read_deadline(10s);
  std::string text;
  try {
    for (;;) {
      auto const end = client.read_until(text, "\n", 1000);  // longer lines: std::length_error
      client.write_all("you said " + text.substr(0, end));
      text.erase(0, end);
    }
  } catch (weft::eof_error const&) {
  }
}

int main() {
  weft::run([] {
    weft::tcp_listener listener(weft::address::loopback(0));  // any port that is free

    // The server: accepts until the listener is closed, then waits for what is still going on.
    auto server = weft::spawn([&listener] {
      int served = 0;
      weft::with_group([&](weft::task_group& connections) {
        for (std::error_code error;;) {
          auto client = listener.accept(weft::never, error);
          if (error == std::errc::operation_canceled) return;
          if (error) throw std::system_error(error);
          ++served;
          connections.spawn([client = std::move(client)]() mutable { serve(std::move(client)); });
        }
      });
      return served;
    });

    auto stream = weft::tcp_stream::connect(listener.local_address(), 10s);
    std::string answers;
    for (std::string const word : {"hello", "goodbye"}) {
      stream.write_all(word + "\n");
      auto const end = stream.read_until(answers, "\n", 1000);
      std::cout << answers.substr(0, end);
      answers.erase(0, end);
    }

    // Nothing more comes, and we do not wait for ever.
    stream.set_read_deadline(1ms);
    char c[1];
    try {
      stream.read_exact(c);
    } catch (weft::timeout_error const& e) {
      std::cout << e.what() << '\n';
    }
    stream.close();
    listener.close();
    std::cout << "connections: " << server.get() << '\n';
  });
}
