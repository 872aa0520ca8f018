// bench_wakeup: see bench/README.md.
#include "bench/support/main.hpp"

int main(int argc, char** argv) { return bench::run(argc, argv); }
