// A callable that wants arguments.
#include <weft/task.hpp>
void f() {
  (void)weft::spawn({.name = "adds"}, [](int a, int b) { return a + b; });
}
