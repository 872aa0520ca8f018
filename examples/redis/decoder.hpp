#pragma once
// Cuts the bytes that a server sends into replies, by hiredis' reader, and bounds what they may make of its memory.

#include <hiredis/hiredis.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "reply.hpp"

namespace redis {

class decoder {
 public:
  // A reply may have so many bytes on the wire. Many small elements take up to thirty times that in memory.
  explicit decoder(std::size_t limit);
  decoder(decoder const&) = delete;
  decoder& operator=(decoder const&) = delete;

  // protocol_error, and nothing comes any more.
  void feed(std::string_view bytes);
  // Empty: it needs more bytes. protocol_error.
  std::optional<reply> next();

 private:
  struct free_reader {
    void operator()(redisReader* r) const { redisReaderFree(r); }
  };
  static void* create_array(redisReadTask const*, int elements);
  void check(int result) const;

  std::unique_ptr<redisReader, free_reader> reader_;
  redisReplyObjectFunctions functions_;  // hiredis' own, except for create_array()
  decltype(redisReplyObjectFunctions::createArray) original_;
  std::size_t const limit_;
  std::size_t open_ = 0;  // bytes that belong to no complete reply yet
};

}  // namespace redis
