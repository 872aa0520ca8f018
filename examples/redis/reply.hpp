#pragma once
// What the server answers to a command: a value of RESP2.

#include <hiredis/hiredis.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace redis {

// Immutable, and cheap to copy: copies share it. Asked for what it is not: server_error if it is one, else protocol_error.
class reply {
 public:
  explicit reply(redisReply* owned) : value_{owned, freeReplyObject} {}

  [[nodiscard]] int type() const { return value_->type; }  // REDIS_REPLY_...
  [[nodiscard]] bool is_nil() const { return type() == REDIS_REPLY_NIL; }
  [[nodiscard]] bool is_error() const { return type() == REDIS_REPLY_ERROR; }
  void throw_if_error() const;  // server_error

  // Texts are valid as long as any copy.
  [[nodiscard]] std::string_view error() const;  // empty: it is none
  [[nodiscard]] std::string_view text() const;  // a string, or a status such as "OK"
  [[nodiscard]] long long integer() const;
  [[nodiscard]] std::size_t size() const;  // of an array
  [[nodiscard]] reply operator[](std::size_t) const;

 private:
  explicit reply(std::shared_ptr<redisReply const> part) : value_{std::move(part)} {}
  void require(bool is_what_was_asked_for, char const* what) const;

  std::shared_ptr<redisReply const> value_;
};

}  // namespace redis
