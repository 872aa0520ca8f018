// Neither integers nor iterators.
// says: weft: a parallel loop takes two integers (first, last), or two random-access iterators of one sequence
#include <weft/parallel.hpp>
int f() {
  return weft::parallel_reduce(0.0, 1.0, 0, [](double x) { return int(x); }, [](int a, int b) { return a + b; });
}
