// gunzip: a .gz stream (one member or several) inflated block by block; what precedes a fault is delivered.
#pragma once

#include <zlib.h>

#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

namespace wordfreq {

class gunzip {
 public:
  explicit gunzip(std::size_t block) : block_(block) {
    if (inflateInit2(&z_, 15 + 16) != Z_OK) throw std::bad_alloc{};  // +16: gzip headers only
  }
  gunzip(gunzip const&) = delete;
  gunzip& operator=(gunzip const&) = delete;
  ~gunzip() { inflateEnd(&z_); }

  void restart() {
    inflateReset(&z_);
    state_ = at_start;
  }

  // Calls sink(std::span<char>) with each block of text. Returns what is wrong with the stream, or "".
  template <class Sink> [[nodiscard]] std::string feed(std::span<char> raw, Sink&& sink) {
    z_.next_in = reinterpret_cast<Bytef*>(raw.data());
    z_.avail_in = static_cast<uInt>(raw.size());
    bool more = z_.avail_in != 0;
    while (more) {
      if (state_ == between_members) {
        while (z_.avail_in != 0 && *z_.next_in == 0)
          ++z_.next_in, --z_.avail_in;  // padding, as tar leaves it
        if (z_.avail_in == 0) break;
        inflateReset(&z_);
      }
      state_ = in_member;
      z_.next_out = reinterpret_cast<Bytef*>(block_.data());
      z_.avail_out = static_cast<uInt>(block_.size());
      int const rc = inflate(&z_, Z_NO_FLUSH);
      if (std::size_t const n = block_.size() - z_.avail_out; n != 0) sink(std::span{block_.data(), n});
      if (rc == Z_MEM_ERROR) throw std::bad_alloc{};
      if (rc == Z_STREAM_END)
        state_ = between_members;
      else if (rc != Z_OK && rc != Z_BUF_ERROR)
        return z_.msg != nullptr ? z_.msg : "not a gzip stream";
      // A full block may hide more text that inflate holds back, though all input is taken.
      more = z_.avail_in != 0 || (z_.avail_out == 0 && state_ == in_member);
    }
    return {};
  }

  [[nodiscard]] std::string finish() const {
    return state_ == in_member ? "unexpected end of the gzip stream" : "";
  }

 private:
  enum { at_start, in_member, between_members } state_ = at_start;
  z_stream z_{};
  std::vector<char> block_;
};

}  // namespace wordfreq
