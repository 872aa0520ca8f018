#include "bench/support/peer_servers.hpp"

#include "bench/mixed/config.hpp"

namespace bench::mixed {

static bool const known = add_peer_servers("mixed", &add);

}  // namespace bench::mixed
