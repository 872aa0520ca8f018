#pragma once
// One connection that many tasks share: their requests go out behind each other, and the replies come back in the same order.

#include <weft/future.hpp>
#include <weft/queue.hpp>
#include <weft/semaphore.hpp>
#include <weft/task.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "connection.hpp"
#include "errors.hpp"

namespace redis {

// The session has ended, and the request was not sent: another session may have it.
class not_sent : public std::exception {};

class session {
 public:
  // S  Connects: std::system_error, weft::timeout_error.
  session(weft::address const& to, weft::deadline until, std::size_t reply_limit) : connection_{to, until, reply_limit} {}

  // S  The replies. Any number of tasks; their requests are not mixed. not_sent, connection_lost, protocol_error;
  // weft::timeout_error: it may have been sent. Who gives up, or is cancelled, leaves the others' replies in order.
  std::vector<reply> ask(request const&, weft::deadline until);

  [[nodiscard]] bool ended() const { return queued_.closed(); }
  [[nodiscard]] std::exception_ptr why() const { return why_; }  // it has ended
  [[nodiscard]] bool has_answered() const { return has_answered_.load(std::memory_order_relaxed); }

 private:
  struct entry {
    std::string wire;
    std::size_t commands;
    weft::promise<std::vector<reply>> answer;
    weft::permit place;
  };

  void serve();
  void write();
  void read();

  weft::semaphore places_{1024};  // bounds what is queued and in flight, also of those who have given up
  weft::queue<entry> queued_, in_flight_;
  std::optional<entry> answering_;  // the reader's: its replies have begun to come
  connection connection_;
  std::atomic<bool> has_answered_{false};
  std::exception_ptr why_;
  weft::scoped_task<> serving_ = weft::fork([this] { serve(); });  // the last member: ends before the others go
};

}  // namespace redis
