// Not a callable at all.
// says: weft: this cannot be run as a task: it must be callable without arguments
#include <weft/task.hpp>
void f() { (void)weft::spawn(5); }
