// reader: the packing of files into a buffer.
#include "reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace wordfreq {

std::span<segment> reader::fill(std::optional<work>& first) {
  segments_.clear();
  std::span<char> room = buffer_;
  while (segments_.size() < most_segments && room.size() >= least_room) {
    while (!current_ && (first || (first = files_.try_get()))) {
      current_ = files_.open(std::move(*first));
      first.reset();
    }
    if (!current_) break;
    open_file& file = *current_->file;
    std::uint64_t const want = std::min<std::uint64_t>(room.size(), current_->end - current_->at);
    ssize_t const got = ::pread(file.fd, room.data(), want, static_cast<off_t>(current_->at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && !file.failed.exchange(true))
      stats_.complain(file.path, std::generic_category().message(errno));
    std::size_t const n = got > 0 ? static_cast<std::size_t>(got) : 0;
    current_->at += n;
    bool const last = got <= 0 || current_->at == current_->end;
    segments_.push_back({file.path, room.first(n), file.gzip, last});
    room = room.subspan(n);
    stats_.raw.fetch_add(n, std::memory_order_relaxed);
    if (last) current_.reset();
  }
  return segments_;
}

}  // namespace wordfreq
