#include "connection.hpp"

#include <weft/errors.hpp>

#include <stdexcept>
#include <string>

#include "errors.hpp"

namespace redis {

connection::connection(weft::address const& to, weft::deadline until, std::size_t reply_limit)
    : stream_{weft::tcp_stream::connect(to, until)}, decoder_{reply_limit} {}

reply connection::call(request const& command, weft::deadline until) { return only(pipeline(command, until)); }

std::vector<reply> connection::pipeline(request const& commands, weft::deadline until) try {
  stream_.set_write_deadline(until);
  send(commands.wire());
  std::vector<reply> replies;
  while (replies.size() != commands.commands()) replies.push_back(receive(until));
  return replies;
} catch (...) {
  stream_.close();
  throw;
}

void connection::send(std::string_view wire) {
  std::error_code error;
  stream_.write_all(wire, error);
  if (error == std::errc::timed_out) throw weft::timeout_error{"the server takes no commands"};
  if (error) throw connection_lost{error};
}

reply connection::receive(weft::deadline until) {
  stream_.set_read_deadline(until);
  for (;;) {
    if (auto complete = decoder_.next()) return *complete;
    std::error_code error;
    auto const n = stream_.read_some(in_, error);
    if (error == std::errc::timed_out) throw weft::timeout_error{"the server does not answer"};
    if (error) throw connection_lost{error};
    if (n == 0) throw connection_lost{weft::io_errc::end_of_stream};
    decoder_.feed({in_.data(), n});
  }
}

reply only(std::vector<reply> const& replies) {
  if (replies.size() != 1) throw std::invalid_argument{"call() is for a single command"};
  replies.front().throw_if_error();
  return replies.front();
}

}  // namespace redis
