// A planted overflow of a buffer on a task's stack: AddressSanitizer has to report it. Argument: where the task runs.
#include <cstdio>
#include <cstring>

#include <weft/weft.hpp>

namespace {

[[gnu::noinline]] void planted_write(int last) {
  char buffer[16] = {};
  char* to = buffer;
  asm volatile("" : "+r"(to));  // so that nobody but AddressSanitizer knows where it ends
  for (int i = 0; i <= last; ++i) to[i] = 'x';
  std::printf("no report, %c\n", buffer[0]);
}

}  // namespace

int main(int argc, char** argv) {
  char const* const where = argc > 1 ? argv[1] : "called";
  weft::run({.workers = 2}, [where, last = argc + 15] {
    bool const inlined = std::strcmp(where, "inlined") == 0, resumed = std::strcmp(where, "resumed") == 0;
    auto t = weft::spawn([=] {
      if (resumed) {
        auto other = weft::spawn([] {});
        other.wait();
      }
      planted_write(last);
    });
    if (!inlined) t.wait();
    t.get();
  });
}
