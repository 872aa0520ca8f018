#pragma once
// What the kernel says of this process: memory, page tables, CPU time, context switches.
#include <sys/resource.h>

#include <cstdint>
#include <ctime>
#include <fstream>
#include <limits>
#include <string>

namespace bench {

// "Key:   1234 kB" in a file of /proc, in bytes; 0 if it is not there.
inline double proc_bytes(std::string const& file, std::string const& key) {
  std::ifstream in{file};
  for (std::string word; in >> word;) {
    double kilobytes = 0;
    if (word == key && in >> kilobytes) return kilobytes * 1024;
    in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

struct footprint {
  explicit footprint(std::string const& process = "self")
      : resident(proc_bytes("/proc/" + process + "/smaps_rollup", "Rss:")),  // exact; the other files count per CPU, lazily
        page_tables(proc_bytes("/proc/" + process + "/status", "VmPTE:")) {}
  double resident, page_tables;
};

inline double mappings() {
  std::ifstream in{"/proc/self/maps"};
  double lines = 0;
  for (std::string line; std::getline(in, line);) ++lines;
  return lines;
}

inline double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Of all threads but the calling one, whose own sleep while it measures is no part of the figure.
inline double context_switches_of_others() {
  rusage all{};
  rusage mine{};
  getrusage(RUSAGE_SELF, &all);
  getrusage(RUSAGE_THREAD, &mine);
  return static_cast<double>(all.ru_nvcsw + all.ru_nivcsw - mine.ru_nvcsw - mine.ru_nivcsw);
}

// Times that a thread of this process went to sleep.
inline double voluntary_switches() {
  rusage all{};
  getrusage(RUSAGE_SELF, &all);
  return static_cast<double>(all.ru_nvcsw);
}

}  // namespace bench
