// bench_memory: see bench/README.md. `bench_memory --child NAME COUNT` measures one row and prints its
// figures.
#include "bench/support/main.hpp"
#include "bench/memory/config.hpp"

int main(int argc, char** argv) {
  if (argc == 4 && std::string{argv[1]} == "--child") {
    for (auto const& [key, value] : bench::memory::measurements().at(argv[2])(std::stoul(argv[3]))) {
      std::printf("%s %.17g\n", key.c_str(), value);
    }
    return 0;
  }
  return bench::run(argc, argv);
}
