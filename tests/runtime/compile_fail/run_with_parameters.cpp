// run_blocking and run say the same as spawn.
// says: weft: this cannot be run as a task: it must be callable without arguments
#include <weft/runtime.hpp>
int main() { weft::run([](int argc) { return argc; }); }
