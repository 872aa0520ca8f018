// GA09 One wrong argument among right ones: nothing is started, for it does not compile.
// says: weft: gather() takes futures, tasks, callables without arguments, or one range of them
#include <weft/gather.hpp>
void f() {
  weft::gather([] { return 1; }, 5);
}
