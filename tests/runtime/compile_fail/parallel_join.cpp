// A join of one argument.
// says: weft: parallel_reduce()'s join must take two values and return one, of the identity's type
#include <weft/parallel.hpp>
int f() {
  return weft::parallel_reduce(0, 10, 0, [](int i) { return i; }, [](int a) { return a; });
}
