#include "reply.hpp"

#include <array>
#include <string>

#include "errors.hpp"

namespace redis {

std::string_view reply::error() const { return is_error() ? std::string_view{value_->str, value_->len} : std::string_view{}; }

void reply::throw_if_error() const {
  if (is_error()) throw server_error{std::string{error()}};
}

void reply::require(bool is_what_was_asked_for, char const* what) const {
  static constexpr std::array names{"nothing", "a string", "an array", "an integer", "nil", "a status"};  // as hiredis numbers them
  if (is_what_was_asked_for) return;
  throw_if_error();
  throw protocol_error{std::string{"the reply is "} + names.at(static_cast<std::size_t>(type())) + ", not " + what};
}

std::string_view reply::text() const {
  require(type() == REDIS_REPLY_STRING || type() == REDIS_REPLY_STATUS, "a text");
  return {value_->str, value_->len};
}

long long reply::integer() const {
  require(type() == REDIS_REPLY_INTEGER, "an integer");
  return value_->integer;
}

std::size_t reply::size() const {
  require(type() == REDIS_REPLY_ARRAY, "an array");
  return value_->elements;
}

reply reply::operator[](std::size_t i) const {
  require(i < size(), "so long an array");
  return reply{std::shared_ptr<redisReply const>{value_, value_->element[i]}};
}

}  // namespace redis
