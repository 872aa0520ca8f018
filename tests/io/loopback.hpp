#pragma once
// Connections within the test: everything on this machine's own loopback.
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/shapes.hpp"

namespace loopback {

inline weft::tcp_listener listener() { return weft::tcp_listener(weft::address::loopback(0)); }

struct pair {
  weft::tcp_stream client, server;
};

inline pair connected() {
  auto l = listener();
  auto client = weft::tcp_stream::connect(l.local_address());
  auto server = l.accept();
  return {std::move(client), std::move(server)};
}

inline std::string read(weft::stream& s, std::size_t n) {
  std::string text(n, '\0');
  s.read_exact(text);
  return text;
}

inline std::string read_all(weft::stream& s) {
  std::string all;
  char some[1000];
  while (auto const n = s.read_some(some)) all.append(some, n);
  return all;
}

// Without those through which the monitor looks at a thread just now.
inline std::ptrdiff_t open_descriptors() {
  std::ptrdiff_t n = 0;
  for (auto const& of : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    n += std::filesystem::read_symlink(of.path(), gone).native().find("/task/") == std::string::npos && !gone ? 1 : 0;
  }
  return n;
}

// Of descriptors in epoll sets.
inline int registrations() {
  int n = 0;
  for (auto const& of : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(of.path());
    for (std::string line; std::getline(info, line);) n += line.starts_with("tfd:") ? 1 : 0;
  }
  return n;
}

// The error of what `f` throws as a std::system_error.
template <class F>
std::error_code error_of(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (std::system_error const& e) {
    return e.code();
  }
  FAIL("no std::system_error");
  return {};
}

}  // namespace loopback
