#include "transaction.hpp"

#include <string_view>

namespace postgres::detail {

void commit(connection& c) {
  auto const done = c.execute("commit");
  // A statement had failed, and f() has let that pass.
  if (std::string_view{PQcmdStatus(done.handle())} != "COMMIT") throw sql_error{"rolled back: one of its statements had failed", "25P02"};
}

}  // namespace postgres::detail
