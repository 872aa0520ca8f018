// tree_walk: the walk over directories.
#include "tree_walk.hpp"

#include <sys/stat.h>

#include <system_error>

namespace fs = std::filesystem;

namespace wordfreq {

std::optional<std::string> tree_walk::next() {
  while (!levels_.empty() || next_root()) {
    if (levels_.empty()) continue;
    if (levels_.back() == fs::directory_iterator{}) {
      levels_.pop_back();
      continue;
    }
    fs::directory_entry const entry = *levels_.back();
    std::error_code ec;
    levels_.back().increment(ec);
    if (ec)
      stats_.complain(entry.path().parent_path().string(), ec.message());  // the iterator is at its end now
    fs::file_type const type = entry.symlink_status(ec).type();
    if (type == fs::file_type::regular) return entry.path().string();
    if (type == fs::file_type::directory) descend(entry.path());
    if (type == fs::file_type::none) stats_.complain(entry.path().string(), ec.message());
  }
  return std::nullopt;
}

bool tree_walk::next_root() {
  auto identify = [](std::string const& path) -> std::optional<identity> {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0) return std::nullopt;
    return identity{st.st_dev, st.st_ino};
  };
  if (root_ == 0)  // the first call: note all roots, and take out those named twice
    std::erase_if(roots_, [&](std::string const& root) {
      std::optional<identity> const id = identify(root);
      return id && !root_ids_.insert(*id).second;
    });
  if (root_ == roots_.size()) return false;
  fs::path const root = roots_[root_++];
  std::error_code ec;
  levels_.emplace_back(root, ec);
  if (ec) {
    stats_.complain(root.string(), ec.message());
    levels_.pop_back();
  } else {
    ++stats_.roots;
  }
  return true;
}

void tree_walk::descend(fs::path const& directory) {
  struct stat st {};
  if (roots_.size() > 1 && ::lstat(directory.c_str(), &st) == 0 && root_ids_.contains({st.st_dev, st.st_ino}))
    return;
  std::error_code ec;
  fs::directory_iterator level{directory, ec};
  if (ec)
    stats_.complain(directory.string(), ec.message());
  else
    levels_.push_back(std::move(level));
}

}  // namespace wordfreq
