// What the run has done so far (the progress line reads it meanwhile), and where it complains.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>

namespace wordfreq {

struct stats {
  std::atomic<std::uint64_t> roots{0};   // directories of the command line that could be opened
  std::atomic<std::uint64_t> files{0};   // files opened
  std::atomic<std::uint64_t> failed{0};  // files and directories named by complain()
  std::atomic<std::uint64_t> raw{0};     // bytes read from files
  std::atomic<std::uint64_t> text{0};    // bytes of text, after inflating
  std::atomic<std::uint64_t> words{0};
  bool live = false;  // a progress line is on the terminal

  void complain(std::string path, std::string const& why) {
    failed.fetch_add(1, std::memory_order_relaxed);
    for (char& c : path)  // a file name must not steer the terminal
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    std::fprintf(stderr, "%swordfreq: %s: %s\n", live ? "\r\033[K" : "", path.c_str(), why.c_str());
  }
};

}  // namespace wordfreq
