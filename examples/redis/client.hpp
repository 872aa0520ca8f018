#pragma once
// A client that any number of tasks share. One connection, not a pool of them: what many tasks ask at the same time goes out in one
// write, is answered in one, and is read in one, where a pool pays two calls of the system and two wake-ups for each command.
// The price: a command that takes long holds up all behind it. What blocks or changes the connection (BLPOP, SUBSCRIBE, MULTI
// outside of one pipeline) is for a connection of one's own.

#include <weft/mutex.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

#include "connection.hpp"
#include "session.hpp"

namespace redis {

// Connects when there is something to send, and again after the connection was lost, with growing pauses; only what has not been
// sent yet is sent then. Errors: connection_lost, protocol_error: it was in flight; weft::timeout_error: no reply by the deadline, it
// may have been sent; else std::system_error: no connection by then. A server that owes a reply and is silent for 30 s counts as lost.
class client {
 public:
  explicit client(weft::address const& server, std::size_t reply_limit = default_reply_limit) : server_{server}, reply_limit_{reply_limit} {}

  // S  As a connection's. Who is cancelled or late leaves alone what others have asked.
  reply call(request const&, weft::deadline until = weft::never);
  std::vector<reply> pipeline(request const&, weft::deadline until = weft::never);

  [[nodiscard]] std::size_t connections() const { return connections_.load(std::memory_order_relaxed); }  // so far

 private:
  std::shared_ptr<session> connected(weft::deadline until);
  void pause(weft::deadline until);

  weft::address const server_;
  std::size_t const reply_limit_;
  std::atomic<std::size_t> connections_{0};
  weft::mutex lock_;  // who connects holds it meanwhile; the others wait for that anyway
  std::shared_ptr<session> session_;
  std::chrono::milliseconds pause_{0};  // before the next attempt to connect
  std::exception_ptr refused_;          // why the last one has failed
};

}  // namespace redis
