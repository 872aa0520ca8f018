// bench_mixed: see bench/README.md. `bench_mixed --serve LIBRARY` is the server of one row.
#include "bench/mixed/config.hpp"
#include "bench/support/main.hpp"

int main(int argc, char** argv) {
  if (argc == 3 && std::string{argv[1]} == "--serve") {
    bench::mixed::serve(argv[2]);
    return 0;
  }
  return bench::run(argc, argv);
}
