#pragma once
// Unix sockets: streams between the processes of one machine, found by the path of a file or by an abstract name.
//
// A name that begins with '@' (as ss(8) shows them) or with '\0' is abstract: no file, gone with its listener. The file that is
// called so is "./@...". At most 107 bytes; longer: std::errc::filename_too_long. Empty, or a path with '\0' in it: std::invalid_argument.
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

#include <weft/stream.hpp>

namespace weft {

struct unix_credentials {
  pid_t process;
  uid_t user;
  gid_t group;
};

class unix_stream : public stream {
 public:
  unix_stream() noexcept = default;
  // Takes over a connected socket.
  explicit unix_stream(int fd);

  // S  std::system_error, timeout_error. The listener's backlog is full: tries again, less and less often, until the deadline.
  [[nodiscard]] static unix_stream connect(std::string_view name, deadline = never);
  // Two that are connected with each other. std::system_error.
  [[nodiscard]] static std::pair<unix_stream, unix_stream> pair();

  // Who the other side was when it connected, listened or made the pair. std::system_error.
  [[nodiscard]] unix_credentials peer_credentials() const;

 private:
  friend class unix_listener;
  explicit unix_stream(detail::descriptor&) noexcept;
};

struct unix_listen_options {
  int backlog = 1024;         // connections that wait to be accepted
  bool replace_stale = true;  // a socket's file that nobody listens at any more is replaced: what an earlier run has left
  mode_t mode = 0777;         // of the file, less the process's umask: who may write to it may connect
};

// Any number of tasks may accept at once. close() from any task: who waits gets std::errc::operation_canceled.
class unix_listener : public detail::owner {
 public:
  unix_listener() noexcept = default;  // closed
  // std::system_error; std::errc::address_in_use: somebody listens there, or the file is something else than a stale socket.
  // Two programs that start at the same moment may both find it stale, and the later one has it: a lock is theirs to take.
  explicit unix_listener(std::string_view name, unix_listen_options = {});
  unix_listener(unix_listener&&) noexcept = default;
  unix_listener& operator=(unix_listener&&) noexcept;
  ~unix_listener();

  // As tcp_listener's.
  [[nodiscard]] unix_stream accept(deadline = never);
  [[nodiscard]] unix_stream accept(deadline, std::error_code&);

  // Removes its file, unless another has taken its place. Idempotent, any thread.
  void close() noexcept;

 private:
  struct file {
    std::string path;  // empty: none
    dev_t device = 0;
    ino_t inode = 0;
  };
  file file_;
};

}  // namespace weft
