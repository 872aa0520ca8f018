#include "decoder.hpp"

#include <new>
#include <string>
#include <utility>

#include "errors.hpp"

namespace redis {

decoder::decoder(std::size_t limit) : reader_{redisReaderCreate()}, limit_{limit} {
  if (!reader_) throw std::bad_alloc{};
  functions_ = *reader_->fn;
  original_ = std::exchange(functions_.createArray, create_array);
  reader_->fn = &functions_;
  reader_->privdata = this;
}

// "*1000000000" claims memory for all its elements at once, before any has come. Each will have four bytes at least.
void* decoder::create_array(redisReadTask const* task, int elements) {
  auto const& self = *static_cast<decoder const*>(task->privdata);
  return static_cast<std::size_t>(elements) > self.limit_ / 4 ? nullptr : self.original_(task, elements);
}

void decoder::feed(std::string_view bytes) {
  check(redisReaderFeed(reader_.get(), bytes.data(), bytes.size()));
  open_ += bytes.size();
}

std::optional<reply> decoder::next() {
  void* complete = nullptr;
  check(redisReaderGetReply(reader_.get(), &complete));
  if (complete != nullptr) {
    open_ = reader_->len - reader_->pos;
    return reply{static_cast<redisReply*>(complete)};
  }
  if (open_ > limit_) throw protocol_error{"a reply of more than " + std::to_string(limit_) + " bytes"};
  return std::nullopt;
}

void decoder::check(int result) const {
  if (result == REDIS_OK) return;
  if (reader_->err == REDIS_ERR_OOM) throw protocol_error{"a reply too large to be held"};
  throw protocol_error{reader_->errstr};
}

}  // namespace redis
