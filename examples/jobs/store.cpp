#include "store.hpp"

#include <weft/cancel.hpp>
#include <weft/task.hpp>

#include "client/transaction.hpp"

namespace jobs {

using postgres::connection;

void store::init() {
  postgres::transaction(connections_, [](connection& c) {
    c.execute("select pg_advisory_xact_lock(hashtext('weft_job'))");  // two at once: `if not exists` alone lets one of them fail
    c.execute("create sequence if not exists weft_job_lease");
    c.execute(
        "create table if not exists weft_job ("
        "  id bigint generated always as identity primary key, takes_ms bigint not null, fails boolean not null,"
        "  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),"
        "  due timestamptz not null default now(),"  // waiting: not before; running: until then it is leased
        "  attempt int not null default 0, lease bigint, worker text, error text)");
    c.execute("create index if not exists weft_job_due on weft_job (due) where state in ('waiting', 'running')");
    // Nothing here keeps a job from having two effects: that the workers do not do.
    c.execute("create table if not exists weft_job_effect (job bigint not null, result text not null)");
  });
}

void store::add(std::uint64_t n, milliseconds takes, bool failing) {
  postgres::transaction(connections_, [&](connection& c) {
    c.execute("insert into weft_job (takes_ms, fails) select $2::bigint, $3::boolean from generate_series(1, $1::bigint)", n, takes.count(),
              failing);
    c.execute("notify weft_job");
  });
}

counts store::count() {
  auto const row = connections_.take()->execute(
      "select count(*) filter (where state = 'waiting'), count(*) filter (where state = 'running'),"
      "  count(*) filter (where state = 'done'), count(*) filter (where state = 'failed'), (select count(*) from weft_job_effect)"
      "from weft_job");
  auto const n = [&row](int column) { return row.get<std::uint64_t>(0, column); };
  return {n(0), n(1), n(2), n(3), n(4)};
}

// `skip locked`: claims of several workers at once do not wait for each other, nor get the same. Lost together with its
// connection, a claim is made good by its leases: they run out.
std::vector<job> store::claim(std::string const& worker, std::size_t n, milliseconds lease) {
  auto const ask = [&] {
    return connections_.take()->execute(
        "with next as materialized ("
        "  select id from weft_job where state in ('waiting', 'running') and due <= now() order by due limit $2::bigint"
        "  for update skip locked) "
        "update weft_job j set state = 'running', worker = $1, due = now() + $3 * interval '1 ms', attempt = attempt + 1,"
        "  lease = nextval('weft_job_lease') from next where j.id = next.id returning j.id, lease, attempt, takes_ms, fails",
        worker, n, lease.count());
  };
  auto const rows = again_([&] {
    weft::shield_scope const whole;
    return weft::fork([&] { return weft::with_timeout(std::chrono::seconds{10}, ask); }).get();  // for which the shield is none
  });
  std::vector<job> all;
  for (int i = 0; i != rows.rows(); ++i) {
    all.push_back({rows.get<std::int64_t>(i, 0), rows.get<std::int64_t>(i, 1), rows.get<unsigned>(i, 2),
                   milliseconds{rows.get<std::int64_t>(i, 3)}, rows.get<bool>(i, 4)});
  }
  return all;
}

template <class... P>
bool store::change(std::string const& what, job const& j, P const&... parameters) {
  auto const statement = "update weft_job set " + what + " where id = $1 and lease = $2 and state = 'running'";
  return again_([&] { return connections_.take()->execute(statement, j.id, j.lease, parameters...).affected() == 1; });
}

bool store::renew(job const& j, milliseconds lease) { return change("due = now() + $3 * interval '1 ms'", j, lease.count()); }

bool store::finish(job const& j, std::string const& result) {
  auto const once = [&](connection& c) {
    auto const mine = c.execute("update weft_job set state = 'done', error = null where id = $1 and lease = $2 and state = 'running'", j.id, j.lease);
    if (mine.affected() == 1) {
      c.execute("insert into weft_job_effect values ($1, $2)", j.id, result);
      return true;
    }
    // An attempt whose answer was lost may have done it: a done job keeps its last lease.
    return c.execute("select from weft_job where id = $1 and lease = $2 and state = 'done'", j.id, j.lease).rows() == 1;
  };
  return again_([&] { return postgres::transaction(connections_, once); });
}

bool store::put_off(job const& j, milliseconds pause, std::string const& why) {
  return change("state = 'waiting', due = now() + $3 * interval '1 ms', error = $4", j, pause.count(), why);
}

bool store::fail(job const& j, std::string const& why) { return change("state = 'failed', error = $3", j, why); }

bool store::give_back(job const& j) { return change("state = 'waiting', due = now(), attempt = attempt - 1", j); }

}  // namespace jobs
