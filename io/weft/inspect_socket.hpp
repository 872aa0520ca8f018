#pragma once
// inspect_socket: answers questions about a runtime over a unix socket. tools/weft-top asks them, and whatever can write a line.
//
//   the request, one line   the answer, until the end of the stream
//   tasks                   what dump_json() writes
//   dump                    what dump() writes, text
//   metrics                 what to_prometheus() gives, text
//   loads MS                of the last MS milliseconds, as far as they were recorded: {"format":1,"workers":4,"loads":
//                           [{"name":"x","slices":3,"busy_ns":1200,"delay_ns":40}]}, see trace::loads()
//   trace                   what trace::write() writes: what was recorded
//   anything else           {"error":"..."}
// Recording is on from the first `loads` or `trace` until the socket goes, and on if the program wants it.
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include <weft/blocking.hpp>
#include <weft/task_group.hpp>
#include <weft/unix.hpp>

namespace weft {

struct inspect_options {
  unsigned connections = 4;                  // at once; others wait for their turn
  std::chrono::milliseconds patience{10'000};  // with a client that does not write its line, or does not read on
};

// Tasks of that runtime answer, so nobody does while none of its workers gets to run them: then there is WEFT_DUMP_SIGNAL. Only the
// program's own user may connect (and root), for what is told may be a secret.
class inspect_socket {
 public:
  // Of the running task's runtime; elsewhere: no_runtime_error. A file that an earlier run has left is replaced; what unix_listener throws:
  // std::errc::address_in_use: somebody listens there, or the file is something else.
  explicit inspect_socket(std::string_view path, inspect_options = {});
  inspect_socket(runtime&, std::string_view path, inspect_options = {});
  inspect_socket(inspect_socket const&) = delete;
  inspect_socket& operator=(inspect_socket const&) = delete;
  // S  Ends connections and removes the file. Not interrupted, never throws.
  ~inspect_socket();

 private:
  class recording {
   public:
    void turn_on();
    ~recording();

   private:
    std::once_flag once_;
    bool on_ = false;
  };

  void start(unsigned connections);
  void serve();
  void converse(unix_stream&);
  [[nodiscard]] std::string look(std::string_view request);
  [[nodiscard]] std::string answer(std::string_view request);

  unix_listener listener_;
  std::chrono::milliseconds const patience_;
  recording recording_;
  blocking_pool looks_{1};
  task_group servers_;  // last: the others are theirs while they live
};

}  // namespace weft
