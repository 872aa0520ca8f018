// supply: opening of files and cutting of large ones.
#include "supply.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>

namespace wordfreq {
namespace {

constexpr std::uint64_t slice_size = 4 << 20;  // small enough for a large last file to keep all cores busy
constexpr std::uint64_t until_eof = std::numeric_limits<std::uint64_t>::max();

std::string errno_text() { return std::generic_category().message(errno); }

bool is_letter(char c) { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; }

}  // namespace

open_file::~open_file() { ::close(fd); }

void supply::bring(tree_walk& walk) {
  auto const find_all = [&] {
    std::ptrdiff_t room = 0;
    while (std::optional<std::string> path = walk.next()) {
      if (room == 0) room_.acquire(room = half);
      --room;
      queue_.put(std::move(*path));
    }
  };
  weft::run_blocking(find_all).get();
  queue_.join();  // all have been opened and cut, so nobody gives back anything
  queue_.close();
}

std::optional<work> supply::get() try {
  return take(queue_.get());
} catch (weft::closed_error const&) {
  return std::nullopt;
}

std::optional<work> supply::take(std::optional<work> w) {
  if (w && std::holds_alternative<std::string>(*w)) room_.release();
  return w;
}

std::optional<slice> supply::open(work w) {
  std::optional<slice> s;
  if (auto* const path = std::get_if<std::string>(&w))
    s = open_path(std::move(*path));
  else
    s = std::get<slice>(std::move(w));
  if (s && !s->file->gzip && s->end != until_eof && s->end - s->at > slice_size) s = cut(std::move(*s));
  queue_.task_done();
  return s;
}

std::optional<slice> supply::open_path(std::string path) {
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

slice supply::cut(slice whole) {
  slice first{whole.file, whole.at, whole.at + slice_size};
  std::array<char, 512> ahead;
  while (true) {  // up to the end of the word that lies across the border
    ssize_t const n = ::pread(whole.file->fd, ahead.data(), ahead.size(), static_cast<off_t>(first.end));
    auto const stop = std::find_if_not(ahead.begin(), ahead.begin() + std::max<ssize_t>(n, 0), is_letter);
    first.end += static_cast<std::uint64_t>(stop - ahead.begin());
    if (stop != ahead.end()) break;  // also at the file's end, and on an error, which the reader meets again
  }
  first.end = std::min(first.end, whole.end);
  whole.at = first.end;
  if (whole.at != whole.end) queue_.put(std::move(whole));
  return first;
}

}  // namespace wordfreq
