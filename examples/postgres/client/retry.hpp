#pragma once
// retry: what failed through no fault of its own is tried again, with growing pauses.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <weft/deadline.hpp>
#include <weft/errors.hpp>
#include <weft/runtime.hpp>
#include <weft/timeout.hpp>

#include "sql_error.hpp"

namespace postgres {

// Any number of tasks at once.
class retry {
 public:
  explicit retry(weft::clock::duration patience) : patience_{patience} {}

  // S  f(), again after a conflict, a lost connection, or an attempt of more than 10 s; for so long as patience has it, from the
  // first failure on, then what the last one threw. After a loss f() may have been done already: it has to stand that.
  template <class F>
  auto operator()(F&& f) {
    for (pauses p{patience_};;) {
      try {
        return weft::with_timeout(longest_attempt, f);
      } catch (sql_error const& e) {
        if (!e.lost() && !e.conflict()) throw;
        count(e.lost());
        if (!p.begin(e.lost())) throw;
      } catch (weft::timeout_error const&) {
        count(true);
        if (!p.begin(true)) throw;
      }
      weft::this_task::sleep_for(p.length());
    }
  }

  [[nodiscard]] std::uint64_t conflicts() const noexcept { return conflicts_.load(); }
  [[nodiscard]] std::uint64_t losses() const noexcept { return losses_.load(); }

 private:
  static constexpr std::chrono::seconds longest_attempt{10};

  class pauses {
   public:
    explicit pauses(weft::clock::duration patience) : patience_{patience} {}
    // Of the next pause. False: no more patience.
    bool begin(bool lost);
    [[nodiscard]] weft::clock::duration length() const noexcept { return length_; }

   private:
    weft::clock::duration const patience_;
    weft::clock::duration most_ = std::chrono::milliseconds{5}, length_{};
    weft::deadline until_ = weft::never;
  };

  void count(bool lost) noexcept { (lost ? losses_ : conflicts_).fetch_add(1); }

  weft::clock::duration const patience_;
  std::atomic<std::uint64_t> conflicts_{0}, losses_{0};
};

}  // namespace postgres
