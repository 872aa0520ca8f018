#pragma once
// What can go wrong with a Redis server, besides weft::timeout_error, and std::system_error when there is no connection to be had.

#include <stdexcept>
#include <system_error>

namespace redis {

// The server refuses the command: "ERR ...", "WRONGTYPE ...". Nothing has been carried out.
class server_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The connection is gone, and with it the answer to a command that had been sent. Nobody knows whether it was carried out.
class connection_lost : public std::system_error {
 public:
  explicit connection_lost(std::error_code why) : std::system_error(why, "connection lost, the command may have been carried out") {}
};

// What came is no RESP, over a limit, or of another type than was asked for. The command may have been carried out.
class protocol_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace redis
