// run_blocking and run say the same as spawn.
#include <weft/runtime.hpp>
int main() { weft::run([](int argc) { return argc; }); }
