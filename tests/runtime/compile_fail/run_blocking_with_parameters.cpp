// run_blocking and run say the same as spawn.
// says: weft: this cannot be run as a task: it must be callable without arguments
#include <weft/blocking.hpp>
void f() {
  (void)weft::run_blocking([](int fd) { return fd; });
}
