// A callable that wants an argument.
// says: weft: parallel_invoke() takes callables without arguments
#include <weft/parallel.hpp>
void f() {
  weft::parallel_invoke([] {}, [](int) {});
}
