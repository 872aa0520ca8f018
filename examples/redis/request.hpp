#pragma once
// One command, or several for a pipeline, as they go over the wire.

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace redis {

class request {
 public:
  request() = default;
  request(std::initializer_list<std::string_view> command) { add(command); }  // {"SET", key, value}

  // Of any bytes. Without a name: std::invalid_argument.
  request& add(std::initializer_list<std::string_view> command) { return add(std::span{command.begin(), command.size()}); }
  request& add(std::span<std::string_view const> command);

  [[nodiscard]] std::string const& wire() const { return wire_; }
  [[nodiscard]] std::size_t commands() const { return commands_; }

 private:
  std::string wire_;
  std::size_t commands_ = 0;
};

}  // namespace redis
