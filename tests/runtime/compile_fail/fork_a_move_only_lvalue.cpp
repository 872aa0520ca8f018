// A move-only callable that is not given away.
// says: weft: this cannot be run as a task: it must be callable without arguments
#include <memory>
#include <weft/task.hpp>
void f() {
  auto const callable = [p = std::make_unique<int>(1)] { return *p; };
  (void)weft::fork(callable);
}
