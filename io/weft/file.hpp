#pragma once
// file: files on disk, read and written by position. The kernel has no waiting for those: the calls run on the blocking pool.
//
// Cancelled, or late, while it waits for a thread of the pool, a call never runs, and throws `cancelled`. While it runs the caller waits
// until it has returned, for it uses the caller's memory, and has what it has returned; `cancelled` comes at the next checkpoint. All
// that are marked S: std::system_error, whose text names the path; a plain thread blocks.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include <weft/bytes.hpp>
#include <weft/detail/owner.hpp>

namespace weft {

enum class open_mode {
  read,    // what there is
  write,   // only written; created, or emptied
  update,  // read and written; created if there is none
  create,  // read and written; there is none yet: std::errc::file_exists
};

// Any number of tasks may read and write at once. close() from any task: calls that have begun end as they would, those that come
// later get std::errc::operation_canceled. It tells no error, and neither does the destructor: sync() does.
class file : public detail::owner {
 public:
  file() noexcept = default;  // closed
  // S
  [[nodiscard]] static file open(std::filesystem::path const&, open_mode = open_mode::read);

  // S  Fills `into` from byte `offset` on; returns how much there was: less only at the end of the file.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, writable_bytes into) const;
  // S  All of them. Behind the end: the file grows, with zeroes between. Some may have been written when it throws.
  void write_at(std::uint64_t offset, readable_bytes);
  [[nodiscard]] std::uint64_t size() const;  // S
  void sync();                               // S  Until the disk has it.

 private:
  file(detail::descriptor& d, std::string path) : owner(d), path_(std::move(path)) {}
  std::string path_;
};

// S  All of it.
[[nodiscard]] std::string read_file(std::filesystem::path const&);
// S  Creates or empties it first.
void write_file(std::filesystem::path const&, readable_bytes);

}  // namespace weft
