// tree_walk: hands out, to any number of threads, the files of directory trees, large ones in slices.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stats.hpp"

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

// Regular files only, each path once though the roots overlap. Links below the roots are not followed.
// Memory and descriptors grow with the depth of the tree alone. All calls block: they belong in run_blocking.
class tree_walk {
 public:
  tree_walk(std::vector<std::string> roots, stats& s) : roots_(std::move(roots)), stats_(s) {}
  [[nodiscard]] std::optional<slice> next();

 private:
  using identity = std::pair<std::uint64_t, std::uint64_t>;  // device, inode

  std::optional<std::string> next_path();
  bool next_root();
  void descend(std::filesystem::path const&);
  std::optional<slice> open(std::string path);
  slice cut();

  std::mutex mutex_;
  std::condition_variable opened_;
  unsigned opening_ = 0;     // threads in open(): one may yet bring slices for all
  std::vector<slice> rest_;  // of large files being handed out
  std::vector<std::filesystem::directory_iterator> levels_;
  std::vector<std::string> roots_;
  std::size_t root_ = 0;
  std::set<identity> root_ids_;  // a root met below another one is left to its own turn
  stats& stats_;
};

}  // namespace wordfreq
