// A body without an argument.
// says: weft: parallel_for()'s body must be callable with an integer of the range, or with what the iterator refers to
#include <weft/parallel.hpp>
void f() { weft::parallel_for(0, 10, [] {}); }
