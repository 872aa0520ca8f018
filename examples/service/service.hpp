#pragma once
// What the service answers: plain functions from request to response, each in the task of its connection.

#include <atomic>
#include <cstdint>
#include <string>
#include <weft/http.hpp>

#include "gate.hpp"
#include "upstream.hpp"

namespace service {

class service {
 public:
  service(unsigned workers, upstream const& slow) : slow_{slow}, counting_{workers, 4 * std::ptrdiff_t{workers}} {}

  // S  Any number at once.
  weft::http_response answer(weft::http_request const&);

 private:
  static weft::http_response compute();
  weft::http_response count_words(std::string const& text);
  weft::http_response ask_upstream(std::string_view target);
  [[nodiscard]] std::string metrics() const;
  [[nodiscard]] static std::string tasks();

  upstream const& slow_;
  gate counting_;  // of /words: more at once would only make all of them late
  std::atomic<std::uint64_t> requests_{0}, overloads_{0}, timeouts_{0}, attempts_{0};
};

}  // namespace service
