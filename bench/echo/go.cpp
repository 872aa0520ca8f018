#include "bench/support/go_server.hpp"

#include "bench/echo/config.hpp"

namespace bench::echo {

static bool const known = add_go("echo", &add);

}  // namespace bench::echo
