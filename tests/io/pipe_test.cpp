// Pipes and other people's descriptors as streams; and that nobody dies of SIGPIPE.
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;

namespace {

bool pipe_signal_is(bool blocked, bool pending) {
  sigset_t mask, waiting;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  ::sigpending(&waiting);
  return (::sigismember(&mask, SIGPIPE) == 1) == blocked && (::sigismember(&waiting, SIGPIPE) == 1) == pending;
}

}  // namespace

TEST_CASE("a pipe: more than it holds goes through, in order, to its end") {
  on_all([] {
    auto [in, out] = weft::pipe();
    constexpr std::size_t size = 1'000'000;
    std::string all(size, '\0');
    for (std::size_t i = 0; i != size; ++i) all[i] = static_cast<char>(i * 7 + i / 251);
    auto writing = weft::spawn([&all, &to = out] {
      to.write_all(all);
      to.shutdown_write();
    });
    CHECK(read_all(in) == all);
    writing.get();
    CHECK_FALSE(out.is_open());
  });
}

TEST_CASE("lines; deadlines; the wrong direction") {
  on_all([] {
    auto [in, out] = weft::pipe();
    out.write_all("one\ntwo\n");
    std::string text;
    CHECK(in.read_until(text, "\n", 100) == 4);
    text.erase(0, 4);
    CHECK(in.read_until(text, "\n", 100) == 4);
    in.set_read_deadline(1ms);
    char c[1];
    CHECK_THROWS_AS(in.read_exact(c), weft::timeout_error);
    in.set_deadline(weft::never);
    out.write_all("!");
    CHECK(read(in, 1) == "!");
    CHECK(error_of([&s = in] { s.write_all("x"); }) == std::errc::bad_file_descriptor);
    CHECK(error_of([&s = out, &c] { s.read_exact(c); }) == std::errc::bad_file_descriptor);
    out.set_write_deadline(1ms);
    std::string const much(1'000'000, 'x');
    CHECK_THROWS_AS(out.write_all(much), weft::timeout_error);
  });
}

TEST_CASE("IO1 cancellation and close() of who reads or writes a pipe; nothing stays open") {
  on_all([] {
    auto const before = open_descriptors();
    {
      auto [in, out] = weft::pipe();
      auto const lost = weft::spawn([&s = in] { (void)read(s, 1); });
      until([&] { return lost.state() == weft::task_state::suspended; });
      (void)lost.cancel();
      lost.wait();
      CHECK(lost.cancelled());
      auto reading = weft::spawn([&s = in] { return error_of([&s] { (void)read(s, 1); }); });
      until([&] { return reading.state() == weft::task_state::suspended; });
      in.close();
      CHECK(reading.get() == std::errc::operation_canceled);
      auto [other_in, other_out] = weft::pipe();
      auto writing = weft::spawn([&s = other_out] { return error_of([&s] { s.write_all(std::string(1'000'000, 'x')); }); });
      until([&] { return writing.state() == weft::task_state::suspended; });
      other_out.close();
      CHECK(writing.get() == std::errc::operation_canceled);
    }
    CHECK(registrations() == 1);  // the reactor's own eventfd
    CHECK(open_descriptors() == before + 2);
  });
}

TEST_CASE("nobody reads any more: broken_pipe, no signal, and the mask is as it was") {
  std::signal(SIGPIPE, SIG_DFL);  // whatever this program was started with
  on_all([] {
    auto [in, out] = weft::pipe();
    in.close();
    CHECK(error_of([&s = out] { s.write_all("x"); }) == std::errc::broken_pipe);
    CHECK(pipe_signal_is(false, false));
    auto [later, full] = weft::pipe();
    auto writing = weft::spawn([&s = full] { return error_of([&s] { s.write_all(std::string(1'000'000, 'x')); }); });
    until([&] { return writing.state() == weft::task_state::suspended; });
    later.close();
    CHECK(writing.get() == std::errc::broken_pipe);
  });
  std::thread([] {  // a program's own pending one stays
    sigset_t broken;
    ::sigemptyset(&broken);
    ::sigaddset(&broken, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken, nullptr);
    auto [in, out] = weft::pipe();
    in.close();
    CHECK(error_of([&s = out] { s.write_all("x"); }) == std::errc::broken_pipe);
    CHECK(pipe_signal_is(true, false));
    ::raise(SIGPIPE);
    CHECK(error_of([&s = out] { s.write_all("x"); }) == std::errc::broken_pipe);
    CHECK(pipe_signal_is(true, true));
    timespec const at_once{};
    CHECK(::sigtimedwait(&broken, nullptr, &at_once) == SIGPIPE);
  }).join();
}

TEST_CASE("a descriptor that was opened elsewhere: a pipe of packets, each read of one; a regular file") {
  on_all([] {
    int ends[2];
    REQUIRE(::pipe2(ends, O_DIRECT | O_CLOEXEC) == 0);
    weft::pipe_stream in(ends[0]), out(ends[1]);
    char some[100];
    in.set_read_deadline(1ms);
    CHECK_THROWS_AS((void)in.read_some(some), weft::timeout_error);  // it is watched
    in.set_read_deadline(10s);
    out.write_all("one");
    out.write_all("two");
    CHECK(read(in, 6) == "onetwo");
    weft::pipe_stream file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    CHECK(read(file, 4) == "\177ELF");
    CHECK(error_of([] { weft::pipe_stream(-1); }) == std::errc::bad_file_descriptor);
  });
}
