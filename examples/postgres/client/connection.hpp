#pragma once
// A connection to a PostgreSQL server: libpq's non-blocking calls, with a task that waits between them.

#include <libpq-fe.h>

#include <array>
#include <memory>
#include <span>
#include <string>

#include "parameter.hpp"
#include "result.hpp"
#include "sql_error.hpp"

namespace postgres {

// One task at a time.
class connection {
 public:
  // S  To what libpq takes for a connection string: "host=... dbname=...", "postgresql://..."; what it does not say, the
  // environment does (PGHOST ...). Unless it says so by its `options`, the server ends a session that does nothing in an open
  // transaction for 10 s: a process that is held up must not hold locks all that time. sql_error.
  explicit connection(std::string const& dsn);

  // S  One statement, with $1, $2 ... for the parameters. sql_error. No COPY. Interrupted by a cancellation or a time-out, it is
  // cancelled on the server, too, and the connection is unusable from then on.
  template <class... P>
  result execute(std::string const& sql, P const&... parameters) {
    return run(sql, std::array<parameter, sizeof...(P)>{parameter{parameters}...});
  }

  // S  Ends a transaction if one is open. Is not interrupted, but takes 2 s at most: after that the connection is unusable.
  void roll_back() noexcept;

  // S  Until there has been a notification of what this one listens to; takes all that have come. Interrupted, it stays usable.
  void wait_notified();

  // Never suspends. False: for the next statement, take another. It was interrupted, a transaction is open, or the server has gone.
  [[nodiscard]] bool usable() noexcept;

 private:
  struct finish {
    void operator()(PGconn* c) const noexcept { PQfinish(c); }
  };
  using handle = std::unique_ptr<PGconn, finish>;

  static handle start(std::string const& dsn);
  result run(std::string const& sql, std::span<parameter const>);
  void send(std::string const& sql, std::span<parameter const>);
  result receive();
  result next();
  void consume();
  void cancel_on_server() noexcept;
  [[nodiscard]] int socket() const;
  [[nodiscard]] sql_error failure() const;

  handle of_;
};

}  // namespace postgres
