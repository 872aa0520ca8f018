#include "bank.hpp"

#include "client/transaction.hpp"

namespace bank {

using postgres::connection;
using postgres::sql_error;

void bank::open(unsigned accounts, cents each) {
  each_ = each;
  postgres::transaction(connections_, [&](connection& c) {
    c.execute("drop table if exists weft_bank_transfer, weft_bank_account");
    c.execute("create table weft_bank_account (id int primary key, balance bigint not null check (balance >= 0))");
    c.execute(
        "create table weft_bank_transfer (id bigint primary key, source int not null references weft_bank_account, "
        "target int not null references weft_bank_account, amount bigint not null)");
    c.execute("insert into weft_bank_account select n, $2 from generate_series(1, $1::int) n", accounts, each);
  });
}

bool bank::carry_out(transfer const& t) try {
  auto const once = [&](connection& c) {
    // An attempt whose answer was lost may have done it. Its id says so, and only the first with an id counts.
    auto const entry = c.execute("insert into weft_bank_transfer values ($1, $2, $3, $4) on conflict do nothing", t.id, t.from, t.to, t.amount);
    if (entry.affected() == 0) return;
    auto const book = [&c](unsigned account, cents amount) {
      c.execute("update weft_bank_account set balance = balance + $1 where id = $2", amount, account);
    };
    if (t.from < t.to) book(t.from, -t.amount);  // always in the same order: two of them would wait for each other
    book(t.to, t.amount);
    if (t.from > t.to) book(t.from, -t.amount);
  };
  again_([&] { postgres::transaction(connections_, once, postgres::isolation::serializable); });
  return true;
} catch (sql_error const& e) {
  if (e.state() != "23514") throw;  // check_violation: a balance below 0
  return false;
}

audit bank::check() {
  return again_([&] {
    auto const row = connections_.take()->execute(
        "select sum(balance)::bigint, (select count(*) from weft_bank_transfer), "
        "  count(*) filter (where balance <> $1 + coalesce(came, 0) - coalesce(went, 0)) "
        "from weft_bank_account a "
        "left join (select target, sum(amount) came from weft_bank_transfer group by 1) c on c.target = a.id "
        "left join (select source, sum(amount) went from weft_bank_transfer group by 1) w on w.source = a.id",
        each_);
    return audit{row.get<cents>(0, 0), row.get<std::uint64_t>(0, 1), row.get<std::uint64_t>(0, 2)};
  });
}

}  // namespace bank
