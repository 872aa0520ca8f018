// totals: the counts of all lanes, in shards by hash. What outgrows memory goes to sorted temporary files.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>
#include <weft/semaphore.hpp>

#include "word_map.hpp"

namespace wordfreq {

inline constexpr std::size_t shards = 64;
[[nodiscard]] inline std::size_t shard_of(std::uint32_t hash) { return hash % shards; }

struct ranked {
  std::uint64_t count;
  std::string word;
};
struct ranking {
  std::vector<ranked> most_frequent;  // by falling count, then by word
  std::uint64_t distinct = 0;
  std::uint64_t spills = 0;  // shards written to temporary files
};

class totals {
 public:
  explicit totals(std::size_t slots_per_shard) : limit_(slots_per_shard) {}

  // Adds `part` and clears it. True: the shard is full, call spill().
  // The lock is held for microseconds and across no suspension point, so a plain mutex is right on a fiber.
  [[nodiscard]] bool absorb(std::size_t shard, word_map& part);

  // Merges a full shard into its file. Waits while several others spill: else memory would fill with maps on
  // their way out.
  void spill(std::size_t shard);

  // When all is absorbed. Blocks if anything was spilled.
  [[nodiscard]] ranking top(std::size_t n);

 private:
  struct file_closer {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  using file = std::unique_ptr<std::FILE, file_closer>;

  struct shard_totals {
    std::mutex map_mutex;
    word_map map;
    std::mutex file_mutex;  // taken inside run_blocking only
    file sorted;            // (length, letters, count), by word; null until the first spill
  };

  // f(word, count) for each word of the map and the file together, in the order of the words.
  template <class F> static void merge(word_map const&, std::FILE* sorted, F f);

  void merge_into_file(shard_totals&);

  std::size_t limit_;
  weft::semaphore spilling_{4};
  std::atomic<std::uint64_t> spills_{0};
  std::array<shard_totals, shards> shards_;
};

}  // namespace wordfreq
