// The arguments beside the callable, as std::thread takes them.
// says: weft: spawn takes one callable, without arguments
#include <weft/task.hpp>
void f() {
  (void)weft::spawn([](int a) { return a; }, 3);
}
