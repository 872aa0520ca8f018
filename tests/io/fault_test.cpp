// What a server meets: peers that reset or flood, signals all the time.
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;

namespace {

// Echoes pieces of up to 4 KiB, each client in a task of its own, until the listener is closed.
class echo_server {
 public:
  echo_server() : served_(weft::spawn([this] { serve(); })) {}
  ~echo_server() {
    weft::shield_scope const until_it_has_ended;
    listener_.close();
    served_.wait();
  }
  [[nodiscard]] weft::address address() const { return listener_.local_address(); }
  std::atomic<std::uint64_t> failed = 0;  // connections that have not ended with their end

 private:
  void serve() {
    weft::with_group([this](weft::task_group& g) {
      std::error_code error;
      for (;;) {
        auto s = listener_.accept(weft::never, error);
        if (error == std::errc::operation_canceled) return;
        REQUIRE_FALSE(error);
        g.spawn([this, s = std::move(s)]() mutable { echo(s); });
      }
    });
  }
  void echo(weft::tcp_stream& s) {
    std::array<char, 4096> some;
    std::error_code error;
    while (auto const n = s.read_some(some, error)) {
      if (s.write_all(std::span(some.data(), n), error) != n) break;
    }
    if (error) ++failed;
  }

  weft::tcp_listener listener_ = loopback::listener();
  weft::task<> served_;
};

void round_trips(weft::address const& to, int n) {
  auto s = weft::tcp_stream::connect(to);
  for (int i = 0; i != n; ++i) {
    auto const text = std::to_string(i) + '\n';
    s.write_all(text);
    REQUIRE(read(s, text.size()) == text);
  }
}

void reset(weft::tcp_stream& s) {
  linger const at_once{1, 0};
  ::setsockopt(s.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  s.close();
}

// A signal for every thread of this process, a thousand times a second, while it lives. Calls of the system are interrupted by it.
class signals_at_1_khz {
 public:
  signals_at_1_khz() {
    struct sigaction count {};
    count.sa_handler = [](int) { taken.fetch_add(1, std::memory_order_relaxed); };
    ::sigaction(SIGUSR2, &count, &before_);
    sender_ = std::jthread([](std::stop_token const& over) {
      auto const me = static_cast<pid_t>(::syscall(SYS_gettid));
      for (; !over.stop_requested(); std::this_thread::sleep_for(1ms)) {
        std::error_code gone;
        for (auto const& thread : std::filesystem::directory_iterator("/proc/self/task", gone)) {
          auto const id = static_cast<pid_t>(std::stol(thread.path().filename()));
          if (id != me) ::syscall(SYS_tgkill, ::getpid(), id, SIGUSR2);
        }
      }
    });
  }
  ~signals_at_1_khz() {
    sender_.request_stop();
    sender_.join();
    ::signal(SIGUSR2, SIG_IGN);  // some thread's last one may be on its way
    ::sigaction(SIGUSR2, &before_, nullptr);
  }
  static inline std::atomic<std::uint64_t> taken = 0;

 private:
  struct sigaction before_ {};
  std::jthread sender_;
};

}  // namespace

TEST_CASE("a client that resets while it is written to: its task gets an error, the others are served") {
  on_all([] {
    echo_server server;
    weft::with_group([&](weft::task_group& g) {
      for (int i = 0; i != 4; ++i) g.spawn([&] { round_trips(server.address(), 200); });
      for (int i = 0; i != 10; ++i) {
        g.spawn([&] {
          auto s = weft::tcp_stream::connect(server.address());
          std::string const much(1'000'000, 'x');
          std::error_code full;  // neither reads: the server is in the middle of writing
          do s.set_write_deadline(20ms);
          while (s.write_some(much, full) != 0);
          REQUIRE(full == std::errc::timed_out);
          reset(s);
        });
      }
    });
    until([&] { return server.failed == 10; });
  });
}

TEST_CASE("a peer that floods: the others' requests are answered meanwhile") {
  on_all([] {
    echo_server server;
    std::atomic<std::uint64_t> back = 0;
    auto s = weft::tcp_stream::connect(server.address());
    auto const flooding = weft::fork([&s] {
      std::string const much(100'000, 'x');
      for (std::error_code error; !error;) s.write_all(much, error);
    });
    auto const taking = weft::fork([&] {
      std::array<char, 4096> some;
      std::error_code error;
      while (auto const n = s.read_some(some, error)) back += n;
    });
    until([&] { return back > 100'000; });
    for (int i = 0; i != 3; ++i) {
      round_trips(server.address(), 30);
      auto const so_far = back.load();
      until([&] { return back > so_far; });  // and so is the flood
    }
    reset(s);
  });
}

TEST_CASE("a thousand signals a second on every thread: nothing fails, nothing is lost") {
  signals_at_1_khz const storm;
  for_each_worker_count([](unsigned workers) {
    auto const before = signals_at_1_khz::taken.load();
    run_on(workers, [&] {
      echo_server server;
      auto const address = server.address();
      auto const plain = weft::run_blocking([&address] { round_trips(address, 200); });
      weft::with_group([&](weft::task_group& g) {
        for (int i = 0; i != 4; ++i) {
          g.spawn([&] {
            do {
              round_trips(address, 50);
              weft::this_task::sleep_for(1ms);  // a wait for a time is one of those that signals interrupt
              CHECK(weft::run_blocking([] { return weft::read_file("/proc/self/stat").empty(); }).get() == false);
            } while (signals_at_1_khz::taken - before < 100);
          });
        }
      });
      plain.get();
      CHECK(server.failed == 0);
    });
  });
}
