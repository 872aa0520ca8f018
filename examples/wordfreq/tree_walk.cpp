// tree_walk: the walk over directories, opening of files and cutting of large ones.
#include "tree_walk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>

namespace fs = std::filesystem;

namespace wordfreq {
namespace {

constexpr std::uint64_t slice_size = 4 << 20;  // small enough for a large last file to keep all cores busy
constexpr std::uint64_t until_eof = std::numeric_limits<std::uint64_t>::max();

std::string errno_text() { return std::generic_category().message(errno); }

bool is_letter(char c) { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; }

}  // namespace

open_file::~open_file() { ::close(fd); }

std::optional<slice> tree_walk::next() {
  std::unique_lock lock{mutex_};
  while (true) {
    if (!rest_.empty()) return cut();
    if (std::optional<std::string> path = next_path()) {
      ++opening_;
      lock.unlock();
      std::optional<slice> s = open(std::move(*path));
      lock.lock();
      --opening_;
      bool const large = s && !s->file->gzip && s->end != until_eof && s->end > slice_size;
      if (large) rest_.push_back(*s);
      if (large || opening_ == 0) opened_.notify_all();
      if (s && !large) return s;
    } else if (opening_ != 0) {
      opened_.wait(lock);
    } else {
      return std::nullopt;
    }
  }
}

std::optional<std::string> tree_walk::next_path() {
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

std::optional<slice> tree_walk::open(std::string path) {
  // It may have become a link or a pipe meanwhile: neither follow the one nor hang on the other.
  int const fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    stats_.complain(std::move(path), errno_text());
    return std::nullopt;
  }
  auto file = std::make_shared<open_file>(std::move(path), fd);
  struct stat st {};
  if (::fstat(fd, &st) != 0) {
    stats_.complain(file->path, errno_text());
    return std::nullopt;
  }
  if (!S_ISREG(st.st_mode)) return std::nullopt;
  stats_.files.fetch_add(1, std::memory_order_relaxed);
  // Size 0 is also said of files that the kernel makes up as they are read: read on until they end.
  auto const size = static_cast<std::uint64_t>(st.st_size);
  return slice{std::move(file), 0, size != 0 ? size : until_eof};
}

slice tree_walk::cut() {
  slice& whole = rest_.back();
  slice s = whole;
  if (whole.end - whole.at > slice_size) {
    s.end = whole.at + slice_size;
    std::array<char, 512> ahead;
    while (true) {  // up to the end of the word that lies across the border
      ssize_t const n = ::pread(whole.file->fd, ahead.data(), ahead.size(), static_cast<off_t>(s.end));
      auto const stop = std::find_if_not(ahead.begin(), ahead.begin() + std::max<ssize_t>(n, 0), is_letter);
      s.end += static_cast<std::uint64_t>(stop - ahead.begin());
      if (stop != ahead.end())
        break;  // also at the file's end, and on an error, which the reader meets again
    }
    s.end = std::min(s.end, whole.end);
  }
  whole.at = s.end;
  if (whole.at == whole.end) rest_.pop_back();
  return s;
}

}  // namespace wordfreq
