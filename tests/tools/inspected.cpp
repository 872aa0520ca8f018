// A program to look into: its tasks stand still in known places, then it says so. It goes on when its input ends, and ends well.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>

#include <sys/prctl.h>
#include <unistd.h>

#include <weft/weft.hpp>

namespace inspected {
namespace {

// Whoever looks for these functions by name finds them in the stacks: never inlined, and not left by a jump to what they call last.
#define WEFT_PLACE [[gnu::noinline]]
void stay() { asm volatile(""); }

WEFT_PLACE void waits_for_reply(weft::future<> const& reply) {
  reply.wait();
  stay();
}
WEFT_PLACE void waits_in_line(weft::mutex& m) {
  m.lock();
  m.unlock();
  stay();
}
WEFT_PLACE void waits_for_writer(weft::shared_mutex& m) {
  m.lock_shared();
  m.unlock_shared();
  stay();
}
WEFT_PLACE void waits_for_permit(weft::semaphore& s) {
  s.acquire();
  stay();
}
WEFT_PLACE void waits_with_others(weft::event& e) {
  e.wait();
  stay();
}
WEFT_PLACE void sleeps() {
  weft::this_task::sleep_for(std::chrono::hours(1));
  stay();
}
WEFT_PLACE void reads_input() {
  char c;
  while (::read(STDIN_FILENO, &c, 1) > 0) {
  }
  stay();
}
WEFT_PLACE void waits_for_child(weft::event& e) {
  auto child = weft::spawn({.name = "child"}, [&e] { waits_with_others(e); });
  child.get();
  stay();
}

// Until so many tasks wait for something, and both readers have begun.
void wait_until_in_place(std::size_t waiting, std::atomic<int> const& reading) {
  for (;; weft::this_task::yield()) {
    std::size_t n = 0;
    for (auto const& t : weft::all_tasks()) n += t.waits_for.empty() || t.name == "inspect_socket" ? 0 : 1;
    if (n == waiting && reading == 2) return;
  }
}

int run() {
  weft::promise<> reply;
  weft::event end, held;
  weft::mutex line;
  weft::shared_mutex written;
  weft::semaphore permits(0);
  std::atomic<int> reading{0};
  weft::task_group group;
  group.spawn({.name = "holder"}, [&, f = reply.get_future()] {
    std::lock_guard const one(line);
    std::lock_guard const other(written);
    held.set();
    waits_for_reply(f);
  });
  held.wait();
  for (int i = 0; i != 3; ++i) group.spawn({.name = "in line " + std::to_string(i)}, [&] { waits_in_line(line); });
  group.spawn({.name = "reader of it"}, [&] { waits_for_writer(written); });
  group.spawn({.name = "permit"}, [&] { waits_for_permit(permits); });
  auto const sleeper = group.spawn({.name = "sleeper"}, [] { sleeps(); });
  for (int i = 0; i != 50; ++i) group.spawn([&] { waits_with_others(end); });
  group.spawn({.name = "parent"}, [&] { waits_for_child(end); });
  group.spawn({.name = "running"}, [&] {
    ++reading;
    reads_input();
  });
  auto blocking = weft::run_blocking([&] {
    ++reading;
    reads_input();
  });
  blocking.set_name("blocking");
  wait_until_in_place(1 + 3 + 1 + 1 + 1 + 50 + 2, reading);
  std::puts("in place");
  std::fflush(stdout);

  blocking.wait();
  end.set();
  permits.release();
  reply.set_value();
  sleeper.cancel();
  group.join();
  return 0;
}

}  // namespace

[[gnu::noinline]] void ends_here() { stay(); }

}  // namespace inspected

// inspected [SOCKET]: opens an inspect_socket there.
int main(int argc, char** argv) {
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // by anyone, where only parents may
  weft::runtime_options how;
  how.name = "inspected";
  how.workers = 3;
  how.stack_size = 64 * 1024;
  how.stall_threshold = std::chrono::milliseconds{0};  // "running" blocks its worker, and means it
  int const status = weft::run(std::move(how), [path = argc == 2 ? argv[1] : nullptr] {
    std::optional<weft::inspect_socket> socket;
    if (path != nullptr) socket.emplace(path);
    int const result = inspected::run();
    inspected::ends_here();
    return result;
  });
  std::puts("done");
  return status;
}
