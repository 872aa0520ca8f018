// A user's program: what it needs of weft is <weft/...> and the linked target, nothing more.
#include <weft/runtime.hpp>
#include <weft/task.hpp>

int main() {
  int const got = weft::run([] {
    auto six = weft::spawn([] { return 6; });
    auto seven = weft::spawn([] { return 7; });
    return six.get() * seven.get();
  });
  return got == 42 ? 0 : 1;
}
