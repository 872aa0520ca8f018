// totals: absorbing, spilling, and the ranking at the end.
#include "totals.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>
#include <weft/blocking.hpp>

namespace wordfreq {
namespace {

[[noreturn]] void throw_errno(char const* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

void write_record(std::FILE* f, std::string_view word, std::uint64_t count) {
  std::fputc(static_cast<int>(word.size()), f);
  std::fwrite(word.data(), 1, word.size(), f);
  std::fwrite(&count, sizeof count, 1, f);
}

std::optional<ranked> read_record(std::FILE* f) {
  if (f == nullptr) return std::nullopt;
  int const length = std::fgetc(f);
  if (length == EOF && std::ferror(f) == 0) return std::nullopt;
  ranked r{0, std::string(static_cast<std::size_t>(std::max(length, 0)), '\0')};
  if (length == EOF || std::fread(r.word.data(), 1, r.word.size(), f) != r.word.size() ||
      std::fread(&r.count, sizeof r.count, 1, f) != 1)
    throw_errno("reading a temporary file");
  return r;
}

bool before(ranked const& a, ranked const& b) {
  return a.count != b.count ? a.count > b.count : a.word < b.word;
}

}  // namespace

bool totals::absorb(std::size_t shard, word_map& part) {
  shard_totals& s = shards_[shard];
  std::scoped_lock lock{s.map_mutex};
  part.for_each(
      [&](std::string_view word, std::uint32_t hash, std::uint64_t n) { s.map.add(word, hash, n); });
  part.clear();
  return s.map.full(limit_);
}

template <class F> void totals::merge(word_map const& map, std::FILE* sorted, F f) {
  if (sorted != nullptr) std::rewind(sorted);
  std::optional<ranked> old = read_record(sorted);
  for (auto const& [word, count] : map.sorted()) {
    for (; old && old->word < word; old = read_record(sorted)) f(std::string_view{old->word}, old->count);
    bool const both = old && old->word == word;
    f(word, both ? old->count + count : count);
    if (both) old = read_record(sorted);
  }
  for (; old; old = read_record(sorted)) f(std::string_view{old->word}, old->count);
}

void totals::spill(std::size_t shard) {
  weft::permit const inside{spilling_};
  weft::run_blocking([&] { merge_into_file(shards_[shard]); }).get();
}

void totals::merge_into_file(shard_totals& s) {
  std::scoped_lock file_lock{s.file_mutex};
  word_map full;
  {
    std::scoped_lock lock{s.map_mutex};
    if (!s.map.full(limit_)) return;  // another lane was faster
    std::swap(full, s.map);
  }
  file merged{std::tmpfile()};
  if (!merged) throw_errno("creating a temporary file");
  merge(full, s.sorted.get(),
        [&](std::string_view word, std::uint64_t n) { write_record(merged.get(), word, n); });
  if (std::fflush(merged.get()) != 0 || std::ferror(merged.get()) != 0)
    throw_errno("writing a temporary file");
  s.sorted = std::move(merged);
  ++spills_;
}

ranking totals::top(std::size_t n) {
  ranking result;
  std::vector<ranked>& best = result.most_frequent;  // a heap with the least frequent at the front
  auto consider = [&](std::string_view word, std::uint64_t count) {
    ++result.distinct;
    if (best.size() == n && count < best.front().count) return;
    best.push_back({count, std::string{word}});
    std::ranges::push_heap(best, before);
    if (best.size() <= n) return;
    std::ranges::pop_heap(best, before);
    best.pop_back();
  };
  for (shard_totals& s : shards_) {
    if (s.sorted)
      merge(s.map, s.sorted.get(), consider);
    else
      s.map.for_each(
          [&](std::string_view word, std::uint32_t, std::uint64_t count) { consider(word, count); });
  }
  std::ranges::sort(best, before);
  result.spills = spills_;
  return result;
}

}  // namespace wordfreq
