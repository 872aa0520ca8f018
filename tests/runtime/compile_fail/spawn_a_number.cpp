// Not a callable at all.
#include <weft/task.hpp>
void f() { (void)weft::spawn(5); }
