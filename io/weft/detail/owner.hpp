#pragma once
// owner, endpoint: what streams, listeners and sockets are: owners of a descriptor's block.
#include <utility>

#include <weft/deadline.hpp>

namespace weft::detail {

class descriptor;
struct io_end;

class owner {
 public:
  // Who waits for it, and who comes later, gets std::errc::operation_canceled. Idempotent, any thread.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept;
  [[nodiscard]] int native_handle() const noexcept;  // -1: none

 protected:
  owner() noexcept = default;  // closed
  explicit owner(descriptor& d) noexcept : core_(&d) {}
  owner(owner&& o) noexcept : core_(std::exchange(o.core_, nullptr)) {}
  owner& operator=(owner&&) noexcept;
  ~owner();  // closes it
  [[nodiscard]] descriptor* core() const noexcept { return core_; }

 private:
  friend class peer_watch;
  descriptor* core_ = nullptr;
};

// One that transfers.
class endpoint : public owner {
 public:
  // Until when all that follows may take, and what a task waits for already: a deadline that has passed ends its wait, another one is its
  // new one. (A plain thread that waits keeps the old one.) Any thread.
  void set_deadline(deadline) noexcept;
  void set_read_deadline(deadline) noexcept;
  void set_write_deadline(deadline) noexcept;

 protected:
  endpoint() noexcept = default;
  explicit endpoint(descriptor& d) noexcept : owner(d) {}
};

}  // namespace weft::detail
