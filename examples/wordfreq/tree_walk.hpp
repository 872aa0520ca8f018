// tree_walk: the paths of the regular files in directory trees, one after the other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stats.hpp"

namespace wordfreq {

// Each path once though the roots overlap. Links below the roots are not followed. Memory and descriptors grow with the depth
// of the tree alone. Blocks: belongs in run_blocking.
class tree_walk {
 public:
  tree_walk(std::vector<std::string> roots, stats& s) : roots_(std::move(roots)), stats_(s) {}
  [[nodiscard]] std::optional<std::string> next();

 private:
  using identity = std::pair<std::uint64_t, std::uint64_t>;  // device, inode

  bool next_root();
  void descend(std::filesystem::path const&);

  std::vector<std::filesystem::directory_iterator> levels_;
  std::vector<std::string> roots_;
  std::size_t root_ = 0;
  std::set<identity> root_ids_;  // a root met below another one is left to its own turn
  stats& stats_;
};

}  // namespace wordfreq
