// Files: what is written is read, at whatever place, the errors, and that no call outlives what it refers to.
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <latch>
#include <numeric>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/io/loopback.hpp"

using namespace shapes;
using namespace loopback;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// A folder of the test's own, while it lives.
struct folder {
  fs::path path = fs::temp_directory_path() / ("weft_file_test_" + std::to_string(::getpid()));
  folder() { fs::create_directories(path); }
  ~folder() { fs::remove_all(path); }
  [[nodiscard]] fs::path operator/(char const* name) const { return path / name; }
};

weft::runtime_options one_thread(unsigned workers) {
  weft::runtime_options o;
  o.workers = workers;
  o.max_blocking_threads = 1;
  return o;
}

std::uint64_t queued() { return weft::runtime::current()->metrics().blocking_queue; }

}  // namespace

TEST_CASE("what is written at a place is read there; short only at the end; gaps are zeroes") {
  folder const f;
  on_all([&f] {
    auto const path = f / "file";
    fs::remove(path);
    auto file = weft::file::open(path, weft::open_mode::update);
    CHECK(file.size() == 0);
    file.write_at(0, "hello");
    file.write_at(8, "world");
    file.sync();
    CHECK(file.size() == 13);
    std::array<char, 20> some{};
    CHECK(file.read_at(0, some) == 13);
    CHECK(std::string(some.data(), 13) == std::string("hello\0\0\0world", 13));
    CHECK(file.read_at(10, std::span(some.data(), 2)) == 2);
    CHECK(std::string(some.data(), 2) == "rl");
    CHECK(file.read_at(13, some) == 0);
    CHECK(file.read_at(1000, some) == 0);
    file.write_at(3, "");
    auto again = weft::file::open(path, weft::open_mode::update);
    CHECK(again.size() == 13);
    CHECK(weft::file::open(path).size() == 13);
  });
}

TEST_CASE("whole files: read and written, empty, long, of /proc") {
  folder const f;
  on_all([&f] {
    auto const path = f / "whole";
    for (std::size_t const size : {0ul, 1ul, 4095ul, 4096ul, 1'000'000ul}) {
      std::string text(size, 'x');
      std::iota(text.begin(), text.end(), '\0');
      weft::write_file(path, text);
      CHECK(weft::read_file(path) == text);
    }
    weft::write_file(path, "short");
    CHECK(weft::read_file(path) == "short");
    CHECK(weft::read_file("/proc/self/stat").starts_with(std::to_string(::getpid()) + " ("));
    CHECK(weft::read_file("/proc/self/maps").size() > 1000);
  });
}

TEST_CASE("the modes; errors name the path") {
  folder const f;
  on_all([&f] {
    auto const path = f / "modes", none = f / "none";
    weft::write_file(path, "text");
    std::array<char, 4> four{};
    auto reading = weft::file::open(path);
    CHECK(error_of([&] { reading.write_at(0, "x"); }) == std::errc::bad_file_descriptor);
    auto writing = weft::file::open(path, weft::open_mode::write);
    CHECK(writing.size() == 0);
    CHECK(error_of([&] { (void)writing.read_at(0, four); }) == std::errc::bad_file_descriptor);
    CHECK(error_of([&] { (void)weft::file::open(path, weft::open_mode::create); }) == std::errc::file_exists);
    for (int i = 0; i != 2; ++i) {
      auto const text = message_of<std::system_error>([&] {
        if (i == 0) (void)weft::file::open(none);
        (void)weft::read_file(none);
      });
      CHECK(text.find('\'' + none.string() + '\'') != std::string::npos);
    }
    CHECK(error_of([&] { (void)weft::read_file(f.path); }) == std::errc::is_a_directory);
    CHECK(error_of([&] { weft::write_file(none / "deeper", "x"); }) == std::errc::no_such_file_or_directory);
    auto made = weft::file::open(none, weft::open_mode::create);
    made.write_at(0, "new");
    CHECK(made.read_at(0, four) == 3);
    fs::remove(none);
  });
}

TEST_CASE("IO1 closed: operation_canceled; nothing stays open") {
  folder const f;
  on_all([&f] {
    auto const before = open_descriptors();
    auto file = weft::file::open(f / "closed", weft::open_mode::update);
    CHECK(file.is_open());
    CHECK(open_descriptors() == before + 1);
    file.close();
    CHECK_FALSE(file.is_open());
    CHECK(open_descriptors() == before);
    CHECK(error_of([&] { (void)file.size(); }) == std::errc::operation_canceled);
    CHECK(error_of([&] { file.sync(); }) == std::errc::operation_canceled);
    weft::file none;
    CHECK(error_of([&] { none.write_at(0, "x"); }) == std::errc::operation_canceled);
    none = weft::file::open(f / "closed");
    CHECK(none.is_open());
    none = weft::file();
    CHECK(open_descriptors() == before);
  });
}

// Of a FIFO whose writer says nothing there is nothing to read, for as long as he likes.
TEST_CASE("C22 cancelled meanwhile: the caller waits until the call has returned, and has its result; then it is cancelled") {
  folder const f;
  on_all([&f] {
    auto const path = f / "fifo";
    fs::remove(path);
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    int const writer = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    weft::pipe_stream opened(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    REQUIRE(::inotify_add_watch(opened.native_handle(), path.c_str(), IN_OPEN) >= 0);
    CHECK_THROWS_AS(weft::wait_readable(opened.native_handle(), 0ms), weft::timeout_error);  // the reactor's descriptors are there now
    auto const before = open_descriptors();
    std::string text;
    auto const reading = weft::spawn([&] {
      text = weft::read_file(path);
      weft::this_task::checkpoint();
    });
    char event[1000];
    CHECK(opened.read_some(event) != 0);  // it is in its call
    (void)reading.cancel();
    for (int i = 0; i != 100; ++i) weft::this_task::yield();
    CHECK_FALSE(reading.done());
    CHECK(::write(writer, "text", 4) == 4);
    ::close(writer);
    reading.wait();
    CHECK(text == "text");
    CHECK(reading.cancelled());
    CHECK(open_descriptors() == before - 1);
  });
}

// A FIFO's open() takes as long as nobody opens the other end.
TEST_CASE("C22 cancelled before, in, or after the call: it has opened the file, or has not, and nothing stays open") {
  folder const f;
  auto const seed = storm::seed();
  on_all([&] {
    storm::dice dice(seed);
    auto const path = f / "fifo";
    fs::remove(path);
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    auto const before = open_descriptors();
    for (int i = 0; i != 50; ++i) {
      auto const opening = weft::spawn([&path] { return weft::file::open(path).is_open(); });
      for (auto n = dice.below(20); n != 0; --n) weft::this_task::yield();
      int other = -1;
      bool const cancel_first = dice.below(2) == 0;
      if (cancel_first) (void)opening.cancel();
      until([&] { return opening.done() || (other = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0; });
      if (!cancel_first) (void)opening.cancel();
      opening.wait();
      if (!opening.cancelled()) CHECK(opening.get());
      if (other >= 0) ::close(other);
    }
    CHECK(open_descriptors() == before);
  });
}

TEST_CASE("C22 cancelled, or late, in the queue: the call never runs, and ends while all threads are taken") {
  folder const f;
  for_each_worker_count([&f](unsigned workers) {
    weft::run(one_thread(workers), [&f] {
      auto const path = f / "queued";
      auto file = weft::file::open(f / "open", weft::open_mode::update);
      file.write_at(0, "before");
      std::array<char, 6> six{};
      auto const before = open_descriptors();
      std::latch inside(1), go(1);
      auto const taken = weft::run_blocking([&] {
        inside.count_down();
        go.wait();
      });
      inside.wait();
      std::function<void()> const calls[] = {[&] { weft::write_file(path, "x"); },
                                             [&] { (void)weft::file::open(path, weft::open_mode::create); },
                                             [&] { file.write_at(0, "after!"); },
                                             [&] { (void)file.read_at(0, six); },
                                             [&] { file.sync(); }};
      for (auto const& call : calls) {
        auto const t = weft::spawn([&call] { call(); });
        until([] { return queued() == 1; });
        CHECK(t.cancel());
        t.wait();
        CHECK(t.cancelled());
        CHECK(queued() == 0);
        CHECK_THROWS_AS(weft::with_timeout(1ms, call), weft::timeout_error);
        CHECK(weft::this_task::cancelling() == 0);
      }
      CHECK_FALSE(taken.done());
      go.count_down();
      taken.get();
      CHECK_FALSE(fs::exists(path));
      CHECK(open_descriptors() == before);
      CHECK(file.read_at(0, six) == 6);
      CHECK(std::string(six.data(), 6) == "before");
    });
  });
}

TEST_CASE("OF03 the runtime's end reaches a call in the queue through who waits for it: not, if that one is shielded") {
  folder const f;
  for_each_worker_count([&f](unsigned workers) {
    auto const path = f / "shielded", other = f / "not_shielded";
    fs::remove(path);
    std::latch inside(1), go(1);
    weft::run(one_thread(workers), [&] {
      weft::run_blocking([&] {
        inside.count_down();
        go.wait();
      }).detach();
      inside.wait();
      weft::spawn([&path] {
        weft::shield_scope const whole;
        weft::write_file(path, "kept");
      }).detach();
      auto const interrupted = weft::spawn([&] {
        struct let_go {
          std::latch& go;
          ~let_go() { go.count_down(); }
        } const at_the_end{go};
        weft::write_file(other, "not to be written");
      });
      until([] { return queued() == 2; });
    });
    CHECK(weft::read_file(path) == "kept");
    CHECK_FALSE(fs::exists(other));
  });
}

TEST_CASE("cancelled before: nothing is opened or written") {
  folder const f;
  on_all([&f] {
    auto const path = f / "before";
    auto const t = weft::spawn([&path] {
      (void)weft::this_task::self().cancel();
      weft::write_file(path, "not to be written");
    });
    t.wait();
    CHECK(t.cancelled());
    CHECK_FALSE(fs::exists(path));
  });
}

TEST_CASE("the worker is free while a call blocks; on plain threads and inside of run_blocking the call runs where it is") {
  folder const f;
  weft::runtime_options o;
  o.workers = 1;
  o.max_blocking_threads = 1;
  weft::run(o, [&f] {
    auto const path = f / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    auto text = weft::spawn([&path] { return weft::read_file(path); });
    until([&] { return text.state() == weft::task_state::suspended; });
    int other = -1;
    until([&] { return (other = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0; });
    CHECK(::write(other, "through", 7) == 7);
    ::close(other);
    CHECK(text.get() == "through");
    CHECK(weft::run_blocking([&f] {
            weft::write_file(f / "inside", "x");  // the pool's only thread
            return weft::read_file(f / "inside");
          }).get() == "x");
  });
  weft::write_file(f / "thread", "plain");
  CHECK(weft::read_file(f / "thread") == "plain");
}

TEST_CASE("storm: many write and read parts of one file, some are cancelled; each part is what was last written there") {
  folder const f;
  auto const seed = storm::seed();
  auto const before = open_descriptors();
  for_each_worker_count([&](unsigned workers) {
    run_on(workers, [&] {
      auto file = weft::file::open(f / "storm", weft::open_mode::update);
      std::vector<weft::task<>> all;
      for (std::uint64_t k = 0; k != 8; ++k) {
        all.push_back(weft::spawn([&file, seed, k] {
          storm::dice dice(seed + k);
          std::string part(100, '\0'), got(100, '\0');
          auto const rounds = storm::rounds(50, 2000);
          for (std::uint64_t i = 0; i != rounds; ++i) {
            for (auto& c : part) c = static_cast<char>('a' + dice.below(26));
            auto writing = weft::spawn([&file, &part, k] { file.write_at(k * part.size(), part); });
            if (dice.below(3) == 0) (void)writing.cancel();
            writing.wait();
            if (writing.cancelled()) file.write_at(k * part.size(), part);
            CHECK(file.read_at(k * part.size(), got) == part.size());
            CHECK(got == part);
          }
        }));
      }
      for (auto& t : all) t.get();
    });
    CHECK(open_descriptors() == before);
  });
}
