#include "bench/support/go_server.hpp"

#include "bench/mixed/config.hpp"

namespace bench::mixed {

static bool const known = add_go("mixed", &add);

}  // namespace bench::mixed
