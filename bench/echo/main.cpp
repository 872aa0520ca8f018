// bench_echo: see bench/README.md.
#include "bench/support/main.hpp"
#include "bench/support/server_process.hpp"

int main(int argc, char** argv) { return bench::serve(argc, argv) ? 0 : bench::run(argc, argv); }
