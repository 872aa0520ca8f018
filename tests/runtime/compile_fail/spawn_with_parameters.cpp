// A callable that wants arguments.
// says: weft: this cannot be run as a task: it must be callable without arguments
#include <weft/task.hpp>
void f() {
  (void)weft::spawn({.name = "adds"}, [](int a, int b) { return a + b; });
}
