#pragma once
// A worker process: claims jobs, some more than it can run at once, and keeps their leases while it has them.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <weft/event.hpp>
#include <weft/semaphore.hpp>
#include <weft/task.hpp>
#include <weft/task_group.hpp>

#include "bell.hpp"
#include "store.hpp"

namespace jobs {

struct work_options {
  unsigned parallel = 8, batch = 8;  // run at once, claimed at once
  milliseconds lease{30'000}, poll{5000};
  unsigned attempts = 5;
  milliseconds pause{1000};  // before the second attempt; doubled each time, up to an hour
};

class worker {
 public:
  worker(store&, bell&, work_options const&);

  struct tally {
    std::atomic<std::uint64_t> done{0}, put_off{0}, failed{0}, given_back{0}, lost{0};
  };

  // S  Until it is cancelled: then it calls drains(), finishes what has begun, and gives back what has not. The server stays away, or
  // has no such tables: sql_error, and what was running is left to its leases.
  template <class F>
  void run(F&& drains) {
    weft::task_group running;
    try {
      for (;;) claim(running);
    } catch (weft::cancelled const&) {
      stopping_.set();
      drains();
      running.join();
    }
  }

  [[nodiscard]] tally const& results() const noexcept { return tally_; }

 private:
  void claim(weft::task_group&);
  void attend(job const&);
  std::optional<std::string> run_in_turn(job const&);
  void keep(job const&, weft::task<std::optional<std::string>> const&);
  void settle(job const&, weft::task<std::optional<std::string>> const&);
  void attempt_failed(job const&, std::string const& why);
  void note(std::atomic<std::uint64_t>& as, bool still_ours) noexcept { (still_ours ? as : tally_.lost).fetch_add(1); }

  store& store_;
  bell& bell_;
  work_options const opt_;
  std::string const name_;
  weft::semaphore room_, turns_;
  weft::event stopping_;
  tally tally_;
};

}  // namespace jobs
