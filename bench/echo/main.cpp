// bench_echo: see bench/README.md. `bench_echo --serve LIBRARY` is the server of one row.
#include "bench/echo/config.hpp"
#include "bench/support/main.hpp"

int main(int argc, char** argv) {
  if (argc == 3 && std::string{argv[1]} == "--serve") {
    bench::echo::serve(argv[2]);
    return 0;
  }
  return bench::run(argc, argv);
}
