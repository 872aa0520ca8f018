#include "bench/support/go_server.hpp"

#include "bench/http/config.hpp"

namespace bench::http {

static bool const known = add_go("http", &add);

}  // namespace bench::http
