// An identity that cannot be copied.
// says: weft: parallel_reduce()'s identity must be copyable and assignable: every part begins with a copy of it
#include <memory>
#include <weft/parallel.hpp>
using p = std::unique_ptr<int>;
p f() {
  return weft::parallel_reduce(0, 10, p(), [](int i) { return std::make_unique<int>(i); }, [](p a, p) { return a; });
}
