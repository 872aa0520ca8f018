#include <weft/unix.hpp>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/accept.hpp"
#include "io/attempt.hpp"
#include "io/socket.hpp"
#include <weft/task.hpp>

namespace weft {

using detail::descriptor;
using detail::direction;
using detail::io_end;

namespace {

// A name as the system takes it.
class unix_name {
 public:
  explicit unix_name(std::string_view name) : shown_("unix socket '" + std::string(name) + "'") {
    if (name.empty()) throw std::invalid_argument("weft: a unix socket without a name");
    is_abstract_ = name.front() == '@' || name.front() == '\0';
    if (is_abstract_) shown_[sizeof "unix socket '" - 1] = '@';
    if (!is_abstract_ && name.find('\0') != std::string_view::npos) throw std::invalid_argument("weft: " + shown_ + ": a path with a 0 in it");
    if (name.size() >= sizeof a_.sun_path) {
      detail::fail(ENAMETOOLONG, shown_ + " has " + std::to_string(name.size()) + " bytes, the longest may have " +
                                     std::to_string(sizeof a_.sun_path - 1));
    }
    std::memcpy(a_.sun_path, name.data(), name.size());
    if (is_abstract_) a_.sun_path[0] = '\0';
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (is_abstract_ ? 0 : 1));
  }
  [[nodiscard]] sockaddr const* data() const noexcept { return reinterpret_cast<sockaddr const*>(&a_); }
  [[nodiscard]] socklen_t size() const noexcept { return size_; }
  [[nodiscard]] bool is_abstract() const noexcept { return is_abstract_; }
  [[nodiscard]] char const* path() const noexcept { return a_.sun_path; }
  [[nodiscard]] std::string const& shown() const noexcept { return shown_; }

 private:
  sockaddr_un a_{.sun_family = AF_UNIX, .sun_path = {}};
  socklen_t size_ = 0;
  bool is_abstract_ = false;
  std::string shown_;
};

// A socket's file whose listener has gone refuses; a living one accepts, or has no room. (Other files refuse as well.)
bool is_stale(unix_name const& name) {
  struct stat s {};
  if (::lstat(name.path(), &s) != 0 || !S_ISSOCK(s.st_mode)) return false;
  detail::unique_fd const probe(detail::new_socket(AF_UNIX, SOCK_STREAM));
  return ::connect(probe.get(), name.data(), name.size()) != 0 && detail::last_error() == ECONNREFUSED;
}

bool bind_to(int fd, unix_name const& name) noexcept { return ::bind(fd, name.data(), name.size()) == 0; }

// A socket's own mode is what bind() gives its file: so nobody meets the file with another.
void set_mode(int fd, mode_t mode, unix_name const& name) {
  if (mode != unix_listen_options{}.mode && ::fchmod(fd, mode) != 0) detail::fail(detail::last_error(), "mode of " + name.shown());
}

descriptor& listening(unix_name const& name, unix_listen_options o) {
  detail::unique_fd fd(detail::new_socket(AF_UNIX, SOCK_STREAM));
  set_mode(fd.get(), o.mode, name);
  int error = bind_to(fd.get(), name) ? 0 : detail::last_error();
  if (error == EADDRINUSE && o.replace_stale && !name.is_abstract() && is_stale(name)) {
    ::unlink(name.path());
    error = bind_to(fd.get(), name) ? 0 : detail::last_error();
  }
  if (error == 0 && ::listen(fd.get(), o.backlog) != 0) {
    error = detail::last_error();
    if (!name.is_abstract()) ::unlink(name.path());
  }
  if (error != 0) detail::fail(error, "listen at " + name.shown());
  return descriptor::adopt(fd.release(), descriptor::state::non_blocking);
}

}  // namespace

// A read here may get less than there is: up to where descriptors were passed along. So N5 does not hold, and it is always tried.
unix_stream::unix_stream(descriptor& d) noexcept : stream(d) { d.happened_extraordinarily(); }
unix_stream::unix_stream(int fd) : unix_stream(descriptor::adopt(fd, descriptor::state::any)) {}

// Connecting is done at once or not at all: without room in the backlog, and nobody tells when there is some.
unix_stream unix_stream::connect(std::string_view to, deadline until) {
  detail::checkpoint();
  unix_name const name(to);
  unix_stream s(descriptor::adopt(detail::new_socket(AF_UNIX, SOCK_STREAM), descriptor::state::non_blocking));
  for (detail::retry_pauses pauses(1'000'000, 50'000'000);;) {
    auto const result = detail::or_error(::connect(s.native_handle(), name.data(), name.size()));
    if (result == 0) break;
    if (result == -EINTR) continue;
    if (result != -EAGAIN) detail::fail(static_cast<int>(-result), "connect to " + name.shown());
    if (until.passed()) throw timeout_error("weft: connect to " + name.shown() + " timed out");
    this_task::sleep_until(clock::time_point(clock::duration(pauses.next(detail::now_ns(), until.ns()))));
  }
  detail::give_way();
  return s;
}

std::pair<unix_stream, unix_stream> unix_stream::pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) detail::fail(detail::last_error(), "socketpair");
  detail::unique_fd second(ends[1]);
  unix_stream first(descriptor::adopt(ends[0], descriptor::state::non_blocking));
  return {std::move(first), unix_stream(descriptor::adopt(second.release(), descriptor::state::non_blocking))};
}

unix_credentials unix_stream::peer_credentials() const {
  detail::use const mine(core(), direction::reading, descriptor::sharing::shared);
  if (mine.entered != io_end::done) detail::fail(EBADF, "peer_credentials");
  ucred c{};
  socklen_t size = sizeof c;
  if (::getsockopt(mine.core().fd(), SOL_SOCKET, SO_PEERCRED, &c, &size) != 0) detail::fail(detail::last_error(), "peer_credentials");
  return {c.pid, c.uid, c.gid};
}

unix_listener::unix_listener(std::string_view at, unix_listen_options o) : owner(listening(unix_name(at), o)) {
  if (!unix_name(at).is_abstract()) file_.path = at;
  struct stat s {};
  if (file_.path.empty() || ::lstat(file_.path.c_str(), &s) != 0) return;
  file_.device = s.st_dev;
  file_.inode = s.st_ino;
}

unix_listener& unix_listener::operator=(unix_listener&& o) noexcept {
  if (this == &o) return *this;
  close();
  owner::operator=(std::move(o));
  file_ = std::move(o.file_);
  return *this;
}

unix_listener::~unix_listener() { close(); }

// The file first: as long as the socket is open, no other file has its number.
void unix_listener::close() noexcept {
  struct stat s {};
  if (is_open() && !file_.path.empty() && ::lstat(file_.path.c_str(), &s) == 0 && s.st_dev == file_.device && s.st_ino == file_.inode) {
    ::unlink(file_.path.c_str());
  }
  owner::close();
}

unix_stream unix_listener::accept(deadline until) {
  auto const end = detail::accept_from(core(), until.ns());
  detail::check(end, "accept");
  return unix_stream(descriptor::adopt(static_cast<int>(end.n), descriptor::state::non_blocking));
}

unix_stream unix_listener::accept(deadline until, std::error_code& error) {
  auto const end = detail::accept_from(core(), until.ns());
  error = detail::code_of(end, "accept");
  return error ? unix_stream() : unix_stream(descriptor::adopt(static_cast<int>(end.n), descriptor::state::non_blocking));
}

}  // namespace weft
