// The name without task_options.
// says: weft: spawn takes one callable, without arguments
#include <weft/task.hpp>
void f() {
  (void)weft::spawn("loader", [] {});
}
