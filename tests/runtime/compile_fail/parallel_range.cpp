// A list has no random access.
// says: weft: a parallel loop takes two integers (first, last), or two random-access iterators of one sequence
#include <list>
#include <weft/parallel.hpp>
void f(std::list<int>& l) {
  weft::parallel_for(l.begin(), l.end(), [](int) {});
}
