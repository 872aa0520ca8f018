#pragma once
// reactor: the idle_driver of a runtime that does I/O. One epoll set; a descriptor is entered once, edge-triggered for both
// directions, when the first task of that runtime waits for it; the kernel takes it out when it is closed.
#include <cstdint>

#include "scheduler/idle_driver.hpp"

namespace weft::detail {

class descriptor;

class reactor final : public idle_driver {
 public:
  // Of the running task's runtime, made at its first use; null: a plain thread. std::system_error: no descriptor left for it.
  // std::logic_error: a simulation, whose time is not that of the kernel.
  [[nodiscard]] static reactor* here();

  reactor();
  ~reactor() override;
  reactor(reactor const&) = delete;
  reactor& operator=(reactor const&) = delete;

  // One number for each reactor there ever was: a descriptor remembers in which it is.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  // 0, or errno. What is ready already comes as the first edge. Again: all that is ready comes again.
  [[nodiscard]] int enter(int fd, descriptor&) noexcept;
  void leave(int fd) noexcept;

  void wait(std::int64_t until, driver_events&) noexcept override;
  void deliver(driver_events&) noexcept override;
  bool poll() noexcept override;
  void wake() noexcept override;

 private:
  bool fetch(std::int64_t until, driver_events&) noexcept;

  int epoll_ = -1, bell_ = -1;  // bell: an eventfd, for wake()
  std::uint64_t const id_;
};

}  // namespace weft::detail
