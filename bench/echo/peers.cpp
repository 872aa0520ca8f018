#include "bench/support/peer_servers.hpp"

#include "bench/echo/config.hpp"

namespace bench::echo {

static bool const known = add_peer_servers("echo", &add);

}  // namespace bench::echo
