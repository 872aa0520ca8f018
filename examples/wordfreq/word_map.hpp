// word_map: a hash table from word to count. Open addressing over 16-byte slots, the letters in one arena.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace wordfreq {

// Longer words are counted under their first max_word letters, so that one word never costs more than this.
inline constexpr std::size_t max_word = 255;

// Eight letters at a time, with loads that overlap at the end instead of running past it.
[[nodiscard]] inline std::uint32_t hash_of(std::string_view word) {
  auto mix = [](std::uint64_t h, std::uint64_t v) {
    h = (h ^ v) * 0x9e3779b97f4a7c15;
    return h ^ (h >> 32);
  };
  auto load = [](char const* p, auto v) {
    std::memcpy(&v, p, sizeof v);
    return std::uint64_t{v};
  };
  char const* p = word.data();
  std::size_t const n = word.size();
  if (n >= 8) {
    std::uint64_t h = n;
    for (std::size_t i = 0; i + 8 < n; i += 8) h = mix(h, load(p + i, std::uint64_t{}));
    return static_cast<std::uint32_t>(mix(h, load(p + n - 8, std::uint64_t{})));
  }
  std::uint64_t const v = n >= 4 ? load(p, std::uint32_t{}) << 32 | load(p + n - 4, std::uint32_t{})
                                 : static_cast<std::uint64_t>(p[0] << 16 | p[n / 2] << 8 | p[n - 1]);
  return static_cast<std::uint32_t>(mix(n, v));
}

class word_map {
 public:
  // `word` has 1 to max_word letters; `hash` is its hash_of().
  void add(std::string_view word, std::uint32_t hash, std::uint64_t count) {
    if (words_ * 8 >= slots_.size() * 7) grow();
    for (std::size_t i = home(hash);; i = (i + 1) & (slots_.size() - 1)) {
      slot& s = slots_[i];
      if (s.count == 0) {
        s = {hash, static_cast<std::uint32_t>(letters_.size()), count};
        letters_.push_back(static_cast<char>(word.size()));
        letters_.insert(letters_.end(), word.begin(), word.end());
        ++words_;
        return;
      }
      if (s.hash == hash && word_at(s) == word) {
        s.count += count;
        return;
      }
    }
  }

  // True when the map should be emptied if it is to stay at about 32 * `slots` bytes.
  [[nodiscard]] bool full(std::size_t slots) const {
    return words_ >= slots / 4 * 3 || letters_.size() >= slots * 16;
  }
  [[nodiscard]] bool empty() const { return words_ == 0; }

  void clear() {  // keeps the memory for the next round
    std::fill(slots_.begin(), slots_.end(), slot{});
    letters_.clear();
    words_ = 0;
  }

  template <class F> void for_each(F f) const {  // f(word, hash, count), in no order
    for (slot const& s : slots_)
      if (s.count != 0) f(word_at(s), s.hash, s.count);
  }

  struct entry {
    std::string_view word;
    std::uint64_t count;
  };
  [[nodiscard]] std::vector<entry> sorted()
      const {  // by word; the views live as long as the map is left alone
    std::vector<entry> all;
    all.reserve(words_);
    for_each([&](std::string_view word, std::uint32_t, std::uint64_t count) {
      all.push_back({word, count});
    });
    std::ranges::sort(all, {}, &entry::word);
    return all;
  }

 private:
  struct slot {
    std::uint32_t hash;
    std::uint32_t at;     // in letters_: one byte of length, then the word
    std::uint64_t count;  // 0: a free slot
  };

  // The low bits of the hash have chosen the shard (totals.hpp), all words here share them.
  [[nodiscard]] std::size_t home(std::uint32_t hash) const { return (hash >> 6) & (slots_.size() - 1); }

  [[nodiscard]] std::string_view word_at(slot const& s) const {
    char const* p = letters_.data() + s.at;
    return {p + 1, static_cast<unsigned char>(*p)};
  }

  void grow() {
    std::vector<slot> old(std::max<std::size_t>(32, slots_.size() * 2));
    old.swap(slots_);
    for (slot const& s : old) {
      if (s.count == 0) continue;
      std::size_t i = home(s.hash);
      while (slots_[i].count != 0) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = s;
    }
  }

  std::vector<slot> slots_;
  std::vector<char> letters_;
  std::size_t words_ = 0;
};

}  // namespace wordfreq
