// A loop over epoll in each thread, connections dealt out in turn.
#include <unistd.h>

#include <thread>
#include <vector>

#include "bench/mixed/config.hpp"
#include "bench/support/sockets.hpp"

namespace bench::mixed {
namespace {

void loop(int epoll) {
  for (std::array<epoll_event, 64> events;;) {
    int const n = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      int const fd = static_cast<int>(events[static_cast<std::size_t>(i)].data.u64);
      request r;
      auto const got = recv(fd, r.data(), r.size(), 0);
      if (got == static_cast<ssize_t>(r.size())) handle(r[0]);  // so small a request comes in one piece
      if (got <= 0 || send(fd, r.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) close(fd);
    }
  }
}

void run(tell const& tell_port) {
  auto const [listener, port] = listen_anywhere(0);
  std::vector<int> loops;
  for (int i = 0; i != threads; ++i) {
    loops.push_back(epoll_create1(0));
    std::thread([epoll = loops.back()] { loop(epoll); }).detach();
  }
  tell_port(port);
  for (std::size_t i = 0;; ++i) {
    int const next = accept_one(listener);
    if (next >= 0) watch(loops[i % loops.size()], next, static_cast<std::uint64_t>(next));
  }
}

bool const known = add("raw_epoll", &run);

}  // namespace
}  // namespace bench::mixed
