#pragma once
// One loop over epoll, nothing else: what the kernel's part costs.
#include <unistd.h>

#include <array>
#include <cstddef>

#include "bench/support/server_process.hpp"
#include "bench/support/sockets.hpp"

namespace bench {

// answer(fd): reads what is there and sends what has to be; false: the connection has ended.
template <class Answer>
void serve_by_epoll(tell const& tell_port, Answer answer) {
  auto const [listener, port] = listen_anywhere(SOCK_NONBLOCK);
  int const epoll = epoll_create1(0);
  watch(epoll, listener, static_cast<std::uint64_t>(listener));
  tell_port(port);
  for (std::array<epoll_event, 256> events;;) {
    int const n = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      int const fd = static_cast<int>(events[static_cast<std::size_t>(i)].data.u64);
      if (fd == listener) {
        for (int next; (next = accept_one(listener)) >= 0;) watch(epoll, next, static_cast<std::uint64_t>(next));
      } else if (!answer(fd)) {
        close(fd);
      }
    }
  }
}

}  // namespace bench
