// The channel itself, not a case.
// says: weft: select takes cases that are made in the call
#include <weft/select.hpp>
void f(weft::channel<int>& c) {
  (void)weft::select(c);
}
