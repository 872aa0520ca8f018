#pragma once
// Many tasks that share a client, each with keys of its own, so that it knows what every reply has to be.

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "client.hpp"

namespace redis {

struct load_options {
  unsigned tasks = 100, commands = 1000;
  std::chrono::seconds patience{10};  // with one command
};

class load {
 public:
  load(client& c, load_options const& o);

  // S  Until all tasks are done. Throws their errors, except for lost connections: what those took along is asked again.
  void run();
  // S  Asks for all counters and compares. True: no reply was wrong, and each counter has at least what was acknowledged, and at most
  // what is unknown besides.
  bool verify();
  // S  Removes the keys.
  void clear();

  void print_totals(std::chrono::duration<double> took) const;
  void print_counters() const;

 private:
  // Of one task. Increments are unknown until they are answered; those never answered stay so.
  struct account {
    std::string counter, text;  // keys
    unsigned long long acknowledged = 0, unknown = 0;
    long long last = 0;  // of the counter
  };

  void work(account&);
  void increment(account&);
  void increment_impatiently(account&, weft::deadline);
  void increment_several(account&);
  void set_and_get(account&, unsigned step);
  void take(account&, reply const& incremented);
  void check(bool right);
  void check_counter(account&, long long now, long long at_least);
  template <class F>
  auto insist(F ask);

  client& client_;
  load_options const options_;
  std::vector<account> accounts_;
  std::atomic<unsigned long long> answered_{0}, retried_{0}, given_up_{0}, wrong_{0};
};

}  // namespace redis
