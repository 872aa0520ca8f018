// A process that has no descriptors left: who accepts waits until there are some, and asks less and less often meanwhile.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace std::chrono_literals;

namespace {

std::atomic<int> asked = 0;
std::atomic<bool> none_left = false;

}  // namespace

// In the place of the C library's. Not by setrlimit(): UBSan checks virtual calls with a pipe's help, and reports them when it gets none.
extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  ++asked;
  if (none_left) {
    errno = EMFILE;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, fd, address, size, flags));
}

namespace {

struct no_descriptors {
  no_descriptors() { none_left = true; }
  ~no_descriptors() { none_left = false; }
  no_descriptors(no_descriptors const&) = delete;
  no_descriptors& operator=(no_descriptors const&) = delete;
};

template <class Task>
void until_it_waits(Task const& t) {
  until([&] { return t.state() == weft::task_state::suspended; });
}

template <class Listener, class Connect>
void runs_out(Listener& l, Connect const& connect) {
  auto client = connect();
  CHECK(l.accept().is_open());  // there is a reactor
  client = connect();
  std::optional<no_descriptors> none(std::in_place);
  int const before = asked;
  std::error_code error;
  (void)l.accept(100ms, error);
  CHECK(error == std::errc::timed_out);
  CHECK(asked - before <= 8);  // at once, after 5 ms, 10 more, 20, 40, and at the end

  auto acceptor = weft::spawn([&l] { return l.accept(); });
  until_it_waits(acceptor);
  none.reset();
  CHECK(std::move(acceptor).get().is_open());

  client = connect();
  none.emplace();
  auto closed = weft::spawn([&l] { return loopback::error_of([&] { (void)l.accept(); }); });
  until_it_waits(closed);
  l.close();
  CHECK(closed.get() == std::errc::operation_canceled);
}

}  // namespace

TEST_CASE("no descriptor left: accept pauses, does not spin, goes on when there is one; a time-out and close() end the pause") {
  on_all([] {
    auto tcp = loopback::listener();
    runs_out(tcp, [at = tcp.local_address()] { return weft::tcp_stream::connect(at); });
    std::string const name = "@weft_exhaustion_test_" + std::to_string(::getpid());
    weft::unix_listener local(name);
    runs_out(local, [&name] { return weft::unix_stream::connect(name); });
  });
}
