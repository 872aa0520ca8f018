#pragma once
// What is written to stderr.
#include <cstdio>
#include <string>

#include <unistd.h>

namespace shapes {

// Takes what goes to stderr while it lives; one at a time.
class captured_stderr {
 public:
  captured_stderr() : file_(std::tmpfile()), before_(::dup(2)) {
    std::fflush(stderr);
    ::dup2(::fileno(file_), 2);
  }
  captured_stderr(captured_stderr const&) = delete;
  captured_stderr& operator=(captured_stderr const&) = delete;
  ~captured_stderr() {
    ::dup2(before_, 2);
    ::close(before_);
    std::fclose(file_);
  }

  [[nodiscard]] std::string text() const {
    std::string all;
    char some[512];
    for (off_t at = 0;;) {
      auto const n = ::pread(::fileno(file_), some, sizeof some, at);
      if (n <= 0) return all;
      all.append(some, static_cast<std::size_t>(n));
      at += n;
    }
  }

 private:
  std::FILE* file_;
  int before_;
};

}  // namespace shapes
