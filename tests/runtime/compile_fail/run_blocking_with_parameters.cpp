// run_blocking and run say the same as spawn.
#include <weft/blocking.hpp>
void f() {
  (void)weft::run_blocking([](int fd) { return fd; });
}
