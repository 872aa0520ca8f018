#pragma once
// A bank in a database: accounts, and transfers between them, each of which happens once.

#include <cstdint>
#include <string>

#include "client/pool.hpp"
#include "client/retry.hpp"

namespace bank {

using cents = std::int64_t;

struct transfer {
  std::uint64_t id;  // another transfer, another id
  unsigned from, to;
  cents amount;
};

struct audit {
  cents sum;                   // of all balances
  std::uint64_t transfers;     // entered
  std::uint64_t wrong;         // accounts whose balance is not what the transfers have made of it
};

class bank {
 public:
  bank(postgres::pool& connections, std::chrono::seconds patience) : connections_{connections}, again_{patience} {}

  // S  Makes the tables anew, with accounts 1 to n. Tried once only: who cannot reach the server at the beginning learns why.
  void open(unsigned accounts, cents each);
  // S  False: refused, there is not enough money. Conflicts and lost connections are retried.
  bool carry_out(transfer const&);
  // S  All as of one moment.
  audit check();

  [[nodiscard]] postgres::retry const& again() const noexcept { return again_; }

 private:
  postgres::pool& connections_;
  postgres::retry again_;
  cents each_ = 0;
};

}  // namespace bank
