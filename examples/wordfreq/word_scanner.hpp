// word_scanner: cuts a text that comes in chunks into words: maximal runs of ASCII letters, in lower case.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "word_map.hpp"

namespace wordfreq {

class word_scanner {
 public:
  // Calls sink(word) for each word that ends inside the chunk. Overwrites the chunk with its lower case.
  template <class Sink> void feed(std::span<char> chunk, Sink&& sink) {
    for (char& c : chunk) c = letter_or_zero(c);  // a loop of its own: the compiler vectorises it
    char* p = chunk.data();
    char* const end = p + chunk.size();
    if (!begun_.empty()) {
      char* const stop = std::find(p, end, '\0');
      keep(p, stop);
      if (stop == end) return;
      finish(sink);
      p = stop;
    }
    while (true) {
      while (p != end && *p == '\0') ++p;
      char* const word = p;
      while (p != end && *p != '\0') ++p;
      if (p == end) {
        keep(word, p);
        return;
      }
      sink(std::string_view{word, std::min<std::size_t>(static_cast<std::size_t>(p - word), max_word)});
    }
  }

  // The text ends here, and with it the word that the last chunk left open.
  template <class Sink> void finish(Sink&& sink) {
    if (!begun_.empty()) sink(std::string_view{begun_});
    begun_.clear();
  }

 private:
  static char letter_or_zero(char c) {
    auto const lower = static_cast<unsigned char>(c | 0x20);
    return static_cast<unsigned char>(lower - 'a') < 26 ? static_cast<char>(lower) : '\0';
  }
  void keep(char const* from, char const* to) {  // a word of any length costs max_word bytes
    begun_.append(from, std::min(static_cast<std::size_t>(to - from), max_word - begun_.size()));
  }

  std::string begun_;
};

}  // namespace wordfreq
