#pragma once
// The main of every benchmark program: Google Benchmark's own, plus what the figures belong to: CPU, kernel,
// versions.
#include <benchmark/benchmark.h>
#include <oneapi/tbb/version.h>
#include <sys/utsname.h>
#include <boost/version.hpp>

#include <fstream>
#include <string>

namespace bench {

inline std::string cpu_model() {
  std::ifstream in{"/proc/cpuinfo"};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  }
  return "unknown";
}

inline int run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  utsname system{};
  uname(&system);
  benchmark::AddCustomContext("cpu", cpu_model());
  benchmark::AddCustomContext("kernel", system.release);
  benchmark::AddCustomContext("compiler", __VERSION__);
  benchmark::AddCustomContext("boost", BOOST_LIB_VERSION);
  benchmark::AddCustomContext("onetbb", TBB_runtime_version());
#ifdef NDEBUG
  benchmark::AddCustomContext("assertions", "off");
#else
  benchmark::AddCustomContext("assertions", "on");
#endif
  auto const ran = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return ran > 0 ? 0 : 1;
}

}  // namespace bench
