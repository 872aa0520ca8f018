// reader: fills one buffer with what comes next: many small files, or a piece of a large one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "supply.hpp"

namespace wordfreq {

struct segment {
  std::string path;
  std::span<char> bytes;  // in the reader's buffer, until the next fill()
  bool gzip;
  bool last;  // the text of this file or slice ends here
};

class reader {
 public:
  reader(supply& files, stats& s, std::size_t buffer) : files_(files), stats_(s), buffer_(buffer) {}

  // Blocks: belongs inside run_blocking. Begins with the rest of an unfinished one, else with `first`, which it takes, and goes
  // on with what the supply has ready. Only the last segment may be an unfinished one.
  [[nodiscard]] std::span<segment> fill(std::optional<work>& first);
  [[nodiscard]] bool unfinished() const { return current_.has_value(); }

  // Nobody wants the rest of the unfinished one.
  void drop() { current_.reset(); }

 private:
  static constexpr std::size_t most_segments = 64;  // of tiny files; each one takes memory of its own
  static constexpr std::size_t least_room = 4096;   // less is not worth a read

  supply& files_;
  stats& stats_;
  std::vector<char> buffer_;
  std::vector<segment> segments_;
  std::optional<slice> current_;
};

}  // namespace wordfreq
