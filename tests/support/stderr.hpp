#pragma once
// What is written to stderr, here or in a child that dies.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/wait.h>
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

// f() in a forked child, which has no threads but its own: what it writes to stderr until it ends.
template <class F>
std::string stderr_of_dying_child(F&& f) {
  captured_stderr const err;
  pid_t const child = ::fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    f();
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return err.text();
}

}  // namespace shapes
