// supply: the way of the files from the one task that finds them to the lanes that read them, large ones in slices.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <weft/weft.hpp>

#include "stats.hpp"
#include "tree_walk.hpp"

namespace wordfreq {

struct open_file {
  open_file(std::string p, int f) : path(std::move(p)), fd(f), gzip(path.ends_with(".gz")) {}
  open_file(open_file const&) = delete;
  open_file& operator=(open_file const&) = delete;
  ~open_file();

  std::string path;
  int fd;
  bool gzip;
  std::atomic<bool> failed{false};  // a file in slices is named once
};

struct slice {  // the bytes [at, end) of a file; no word lies across a border of slices
  std::shared_ptr<open_file> file;
  std::uint64_t at, end;
};

using work = std::variant<std::string, slice>;  // a file to be opened, or what is left of a large one

class supply {
 public:
  explicit supply(stats& s) : stats_(s) {}

  // Brings all files of the trees, then waits until the lanes have taken them and ends the supply.
  void bring(tree_walk&);
  // Waits for something to do. Empty: there is no more.
  [[nodiscard]] std::optional<work> get();
  // What is there already.
  [[nodiscard]] std::optional<work> try_get() { return take(queue_.try_get()); }
  // Opens it or cuts it; the rest of a large file goes back for other lanes. Empty: nothing to read in it. Blocks: belongs in
  // run_blocking, once for each work that was got.
  [[nodiscard]] std::optional<slice> open(work);

 private:
  std::optional<work> take(std::optional<work>);
  std::optional<slice> open_path(std::string path);
  slice cut(slice whole);

  // Paths on their way are bounded by permits, not by the queue's size: lanes that give back the rest of a file must not wait
  // for room that only lanes make. Half of them at a time, so that the walk is not woken for every single file.
  static constexpr std::ptrdiff_t half = 256;

  weft::queue<work> queue_;
  weft::semaphore room_{2 * half};
  stats& stats_;
};

}  // namespace wordfreq
