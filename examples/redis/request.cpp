#include "request.hpp"

#include <hiredis/hiredis.h>

#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

namespace redis {

request& request::add(std::span<std::string_view const> command) {
  if (command.empty()) throw std::invalid_argument{"a command has a name"};
  std::vector<char const*> texts;
  std::vector<std::size_t> sizes;
  for (auto const& part : command) {
    texts.push_back(part.data());
    sizes.push_back(part.size());
  }
  char* formatted = nullptr;
  int const size = redisFormatCommandArgv(&formatted, static_cast<int>(command.size()), texts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc{};
  std::unique_ptr<char, void (*)(char*)> const owned{formatted, redisFreeCommand};
  wire_.append(formatted, static_cast<std::size_t>(size));
  ++commands_;
  return *this;
}

}  // namespace redis
