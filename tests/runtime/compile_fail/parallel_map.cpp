// A map that returns something else.
// says: weft: parallel_reduce()'s map must take an element and return what converts to the identity's type
#include <weft/parallel.hpp>
int f() {
  return weft::parallel_reduce(0, 10, 0, [](int) { return "text"; }, [](int a, int b) { return a + b; });
}
