#pragma once
// The table of jobs in the database, which all workers share. All SQL of the example is in store.cpp.
//
// A job is waiting, running, done or failed. Who claims one gets a lease: a number that no other claim has, and a time until
// which nobody else may claim it. What is said of a running job counts only from the holder of its latest lease. All times are
// the server's: the workers' clocks do not matter.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "client/pool.hpp"
#include "client/retry.hpp"

namespace jobs {

using std::chrono::milliseconds;

struct job {
  std::int64_t id, lease;
  unsigned attempt;  // 1: the first
  milliseconds takes;
  bool fails;
};

struct counts {
  std::uint64_t waiting, running, done, failed, effects;
};

// Any number of tasks at once. All but init(), add() and count() are tried again while the server is away, so long as patience has it.
class store {
 public:
  explicit store(postgres::pool& connections) : connections_{connections} {}

  // S  Makes the tables, unless they are there.
  void init();
  // S  All or none, and rings the bell of those who wait.
  void add(std::uint64_t n, milliseconds takes, bool failing);
  // S
  [[nodiscard]] counts count();

  // S  At most n of those that are due: waiting, or running under a lease that has run out. Its answer is waited for, cancelled or
  // not: otherwise jobs would be leased to nobody.
  [[nodiscard]] std::vector<job> claim(std::string const& worker, std::size_t n, milliseconds lease);

  // S  Each of them false: the lease is lost, and nothing was done.
  [[nodiscard]] bool renew(job const&, milliseconds lease);
  // The effect and that the job is done, in one transaction: so the effect is there exactly once.
  [[nodiscard]] bool finish(job const&, std::string const& result);
  [[nodiscard]] bool put_off(job const&, milliseconds pause, std::string const& why);
  [[nodiscard]] bool fail(job const&, std::string const& why);
  // As if it had not been claimed.
  [[nodiscard]] bool give_back(job const&);

 private:
  template <class... P>
  bool change(std::string const& what, job const&, P const&... parameters);

  postgres::pool& connections_;
  postgres::retry again_{std::chrono::seconds{30}};
};

}  // namespace jobs
