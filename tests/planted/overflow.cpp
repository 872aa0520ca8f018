// A planted overflow of a buffer on a task's stack: AddressSanitizer has to report it. Argument: where the task runs.
#include <cstdio>
#include <cstring>

#include <weft/weft.hpp>

namespace {

[[gnu::noinline]] void planted_write(int last) {
  char buffer[16];
  for (int volatile i = 0; i <= last; i = i + 1) *(static_cast<char volatile*>(buffer) + i) = 'x';
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
