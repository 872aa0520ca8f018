// A planted data race between two tasks: ThreadSanitizer has to report it. Argument: how the tasks came to where they race.
#include <atomic>
#include <cstdio>
#include <cstring>

#include <weft/weft.hpp>

namespace {

int volatile unguarded = 0;
std::atomic<int> arrived{0};

// Both are running, on two threads, and nothing orders them.
[[gnu::noinline]] void planted_write() {
  arrived.fetch_add(1, std::memory_order_relaxed);
  while (arrived.load(std::memory_order_relaxed) != 2) {
  }
  for (int i = 0; i != 1000; ++i) unguarded = unguarded + 1;  // often: two accesses at the very same time may go unseen
}

void resumed() {
  weft::promise<> p;
  auto waker = weft::spawn([p = std::move(p)]() mutable { p.set_value(); });
  waker.wait();
  planted_write();
}

void inlined() {
  auto child = weft::spawn([] { planted_write(); });
  child.get();
}

}  // namespace

int main(int argc, char** argv) {
  void (*body)() = planted_write;
  if (argc > 1 && std::strcmp(argv[1], "resumed") == 0) body = resumed;
  if (argc > 1 && std::strcmp(argv[1], "inlined") == 0) body = inlined;
  weft::run({.workers = 3}, [body] {
    auto a = weft::spawn([body] { body(); });
    auto b = weft::spawn([body] { body(); });
    a.wait();
    b.wait();
  });
  std::printf("no report, %d\n", int{unguarded});
}
