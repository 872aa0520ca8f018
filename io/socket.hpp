#pragma once
// What the sockets of all kinds share.
#include <utility>

#include <weft/address.hpp>
#include <weft/detail/descriptor.hpp>

namespace weft::detail {

// A file descriptor until somebody has taken it over.
class unique_fd {
 public:
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  ~unique_fd();
  unique_fd(unique_fd const&) = delete;
  unique_fd& operator=(unique_fd const&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// A non-blocking one that no child inherits. std::system_error.
[[nodiscard]] int new_socket(int family, int type);
void set_option(int fd, int level, int name, int value, char const* what);
void bind_to(int fd, address const&, bool reuse_port, bool v6_only, char const* what);

[[nodiscard]] address local_address_of(descriptor*);
[[nodiscard]] address peer_address_of(descriptor*);

}  // namespace weft::detail
